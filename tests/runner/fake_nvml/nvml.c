/* A stand-in for NVIDIA's management library, built by the tests into libnvidia-ml.so.1 and loaded by the real pynvml in a child process.
 *
 * LYNXWEB_FAKE_NVML names a text file of `key=value` lines, read at each nvmlInit. A key that is a function's name refuses that function with
 * this nvmlReturn_t. A symbol is left out by renaming it at build time (-DnvmlX=absent_nvmlX). Time is CLOCK_MONOTONIC, as for the runner, so
 * what the counters must show between two reads follows from the scenario: energy = power * time, in steps of one tick.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef unsigned int u32;
typedef unsigned long long u64;
typedef struct { int index; } device_t;
typedef struct { u64 total, free, used; } memory_t;
typedef struct { u32 gpu, memory; } utilization_t;
typedef struct { u64 referenceTime, violationTime; } violation_t;
typedef struct { u32 pid; u64 usedGpuMemory; u32 gpuInstanceId, computeInstanceId; } process_t;
typedef struct { u32 enabled; } c2c_t;
typedef union { double d; u32 ui; unsigned long ul; u64 ull; long long sll; int si; unsigned short us; } value_t;
typedef struct { u32 fieldId, scopeId; int64_t timestamp, latencyUsec; u32 valueType, nvmlReturn; value_t value; } field_t;

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, PAIRS = 256, DEVICES = 8 };

static char keys[PAIRS][64], texts[PAIRS][128];
static int pairs = 0;
static u64 started_ns = 0;
static device_t devices[DEVICES];

static u64 now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (u64)now.tv_sec * 1000000000ull + (u64)now.tv_nsec;
}

static const char *text_of(const char *key, const char *otherwise) {
    for (int place = 0; place < pairs; place++)
        if (!strcmp(keys[place], key)) return texts[place];
    return otherwise;
}

static long long number_of(const char *key, long long otherwise) {
    const char *text = text_of(key, NULL);
    return text ? strtoll(text, NULL, 10) : otherwise;
}

/* `key.INDEX` for one device goes before `key` for all. */
static long long of_device(device_t *device, const char *key, long long otherwise) {
    char own[96];
    snprintf(own, sizeof own, "%s.%d", key, device->index);
    return number_of(own, number_of(key, otherwise));
}

static void read_scenario(void) {
    const char *path = getenv("LYNXWEB_FAKE_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[256];
    pairs = 0;
    while (file && pairs < PAIRS && fgets(line, sizeof line, file))
        if (sscanf(line, "%63[^=]=%127[^\n]", keys[pairs], texts[pairs]) == 2) pairs++;
    if (file) fclose(file);
}

#define REFUSABLE do { long long code = number_of(__func__, 0); if (code) return (int)code; } while (0)
#define NUMBER(function, type, key, otherwise) \
    int function(device_t *device, type *out) { REFUSABLE; *out = (type)of_device(device, key, otherwise); return SUCCESS; }
#define CLOCK(function, prefix, sm, memory) \
    int function(device_t *device, u32 kind, u32 *mhz) { REFUSABLE; \
        *mhz = (u32)of_device(device, kind == 2 ? prefix "_mem_mhz" : prefix "_sm_mhz", kind == 2 ? memory : sm); return SUCCESS; }

static int write_text(char *out, u32 length, const char *text) {
    if (strlen(text) + 1 > length) return INSUFFICIENT_SIZE;
    strcpy(out, text);
    return SUCCESS;
}

/* ---- system ---- */
int nvmlInitWithFlags(u32 flags) {
    (void)flags;
    read_scenario();
    REFUSABLE;
    started_ns = now_ns();
    for (int place = 0; place < DEVICES; place++) devices[place].index = place;
    return SUCCESS;
}
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int code) { (void)code; return "scenario"; }
int nvmlSystemGetDriverVersion(char *out, u32 length) { REFUSABLE; return write_text(out, length, text_of("driver", "580.95.05")); }
int nvmlSystemGetNVMLVersion(char *out, u32 length) { REFUSABLE; return write_text(out, length, text_of("nvml", "13.580.95.05")); }
int nvmlSystemGetCudaDriverVersion_v2(int *out) { REFUSABLE; *out = (int)number_of("cuda", 13000); return SUCCESS; }
int nvmlDeviceGetCount_v2(u32 *out) { REFUSABLE; *out = (u32)number_of("count", 1); return SUCCESS; }
int nvmlDeviceGetHandleByIndex_v2(u32 index, device_t **out) {
    REFUSABLE;
    if (index >= (u32)number_of("count", 1) || index >= DEVICES) return INVALID_ARGUMENT;
    *out = &devices[index];
    return SUCCESS;
}

/* ---- facts at rest ---- */
int nvmlDeviceGetName(device_t *device, char *out, u32 length) {
    char own[32];
    REFUSABLE;
    snprintf(own, sizeof own, "name.%d", device->index);
    return write_text(out, length, text_of(own, text_of("name", "NVIDIA H100 80GB HBM3")));
}
int nvmlDeviceGetUUID(device_t *device, char *out, u32 length) {
    char uuid[64];
    REFUSABLE;
    snprintf(uuid, sizeof uuid, "GPU-%08x-1111-2222-3333-444455556666", 0xa0000000u + (u32)device->index);
    return write_text(out, length, uuid);
}
int nvmlDeviceGetVbiosVersion(device_t *device, char *out, u32 length) { (void)device; REFUSABLE; return write_text(out, length, "96.00.89.00.01"); }
int nvmlDeviceGetCudaComputeCapability(device_t *device, int *major, int *minor) {
    REFUSABLE;
    *major = (int)of_device(device, "capability_major", 9);
    *minor = (int)of_device(device, "capability_minor", 0);
    return SUCCESS;
}
int nvmlDeviceGetMemoryInfo(device_t *device, memory_t *out) {
    REFUSABLE;
    out->total = (u64)of_device(device, "memory_total", 85520809984ll);
    out->used = (u64)of_device(device, "memory_used", 629145600ll);
    out->free = out->total - out->used;
    return SUCCESS;
}
int nvmlDeviceGetEccMode(device_t *device, u32 *current, u32 *pending) {
    REFUSABLE;
    *current = *pending = (u32)of_device(device, "ecc", 1);
    return SUCCESS;
}
int nvmlDeviceGetMigMode(device_t *device, u32 *current, u32 *pending) {
    REFUSABLE;
    *current = *pending = (u32)of_device(device, "mig", 0);
    return SUCCESS;
}
int nvmlDeviceGetTotalEccErrors(device_t *device, u32 kind, u32 counter, u64 *out) {
    (void)counter;
    REFUSABLE;
    *out = (u64)of_device(device, kind ? "ecc_uncorrected" : "ecc_corrected", 0);
    return SUCCESS;
}
int nvmlDeviceGetRemappedRows(device_t *device, u32 *corrected, u32 *uncorrected, u32 *pending, u32 *failed) {
    REFUSABLE;
    *corrected = (u32)of_device(device, "remapped_rows", 0);
    *uncorrected = *pending = *failed = 0;
    return SUCCESS;
}
int nvmlDeviceGetC2cModeInfoV(device_t *device, c2c_t *out) {
    REFUSABLE;
    if (!of_device(device, "coherent_link", 0)) return NOT_SUPPORTED;
    out->enabled = 1;
    return SUCCESS;
}
int nvmlDeviceGetPowerManagementLimitConstraints(device_t *device, u32 *least, u32 *most) {
    REFUSABLE;
    *least = (u32)of_device(device, "limit_min_mw", 200000);
    *most = (u32)of_device(device, "limit_max_mw", 700000);
    return SUCCESS;
}
int nvmlDeviceGetPowerSource(device_t *device, u32 *out) { (void)device; REFUSABLE; *out = (u32)number_of("source", 0); return SUCCESS; }
NUMBER(nvmlDeviceGetArchitecture, u32, "architecture", 9)
NUMBER(nvmlDeviceGetVirtualizationMode, u32, "virtualization", 0)
NUMBER(nvmlDeviceGetComputeMode, u32, "compute_mode", 0)
NUMBER(nvmlDeviceGetPersistenceMode, u32, "persistence", 1)
NUMBER(nvmlDeviceGetMaxPcieLinkGeneration, u32, "pcie_gen_max", 5)
NUMBER(nvmlDeviceGetMaxPcieLinkWidth, u32, "pcie_width_max", 16)
NUMBER(nvmlDeviceGetCurrPcieLinkGeneration, u32, "pcie_gen_cur", 5)
NUMBER(nvmlDeviceGetCurrPcieLinkWidth, u32, "pcie_width_cur", 16)
NUMBER(nvmlDeviceGetEnforcedPowerLimit, u32, "limit_mw", 700000)
NUMBER(nvmlDeviceGetPowerManagementDefaultLimit, u32, "limit_default_mw", 700000)
CLOCK(nvmlDeviceGetMaxClockInfo, "max", 1980, 2619)
CLOCK(nvmlDeviceGetClockInfo, "clock", 1755, 2619)
CLOCK(nvmlDeviceGetApplicationsClock, "app", 1980, 2619)

/* ---- what moves ---- */
static u64 elapsed_ns(void) { return now_ns() - started_ns; }

int nvmlDeviceGetTotalEnergyConsumption(device_t *device, u64 *out) {
    u64 tick_ns = (u64)number_of("tick_ms", 100) * 1000000ull, passed = elapsed_ns() / tick_ns * tick_ns;
    REFUSABLE;
    if (number_of("energy_stuck", 0)) passed = 0;
    /* mW * s = mJ */
    u64 drawn = (u64)((double)of_device(device, "power_mw", 300000) * (double)passed / 1e9);
    u64 reset_ms = (u64)number_of("energy_reset_ms", 0), start = (u64)of_device(device, "energy_start_mj", 5000000000ll);
    *out = reset_ms && elapsed_ns() > reset_ms * 1000000ull ? drawn : start + drawn;
    return SUCCESS;
}
int nvmlDeviceGetPowerUsage(device_t *device, u32 *out) { REFUSABLE; *out = (u32)of_device(device, "power_usage_mw", 290000); return SUCCESS; }
int nvmlDeviceGetTemperature(device_t *device, u32 sensor, u32 *out) {
    (void)sensor;
    REFUSABLE;
    *out = (u32)of_device(device, "temperature_c", 54);
    return SUCCESS;
}
int nvmlDeviceGetUtilizationRates(device_t *device, utilization_t *out) {
    REFUSABLE;
    out->gpu = (u32)of_device(device, "utilization", 87);
    out->memory = 10;
    return SUCCESS;
}
int nvmlDeviceGetCurrentClocksEventReasons(device_t *device, u64 *out) { REFUSABLE; *out = (u64)of_device(device, "reasons", 0); return SUCCESS; }
int nvmlDeviceGetCurrentClocksThrottleReasons(device_t *device, u64 *out) { REFUSABLE; *out = (u64)of_device(device, "reasons", 0); return SUCCESS; }

/* A share of the time in thousandths, as ns. */
static u64 share_ns(device_t *device, const char *key) { return elapsed_ns() / 1000 * (u64)of_device(device, key, 0); }

int nvmlDeviceGetViolationStatus(device_t *device, u32 policy, violation_t *out) {
    static const char *names[] = {"violation_power", "violation_thermal", "violation_sync_boost",
                                  "violation_board_limit", "violation_low_utilization", "violation_reliability"};
    REFUSABLE;
    if (policy > 5) return INVALID_ARGUMENT;
    out->referenceTime = now_ns() / 1000;
    out->violationTime = share_ns(device, names[policy]);
    return SUCCESS;
}
static u32 answer_field(device_t *device, field_t *field) {
    long long base = number_of("slowdown_base", 269);
    if (field->fieldId == 185 || field->fieldId == 186) {
        field->valueType = 1;
        field->value.ui = (u32)of_device(device, field->fieldId == 185 ? "power_average_mw" : "power_instant_mw", 300000);
        if (field->scopeId == 1) field->value.ui = (u32)of_device(device, "power_module_mw", 400000);
        return (u32)number_of("field_power", SUCCESS);
    }
    if (base && field->fieldId >= base && field->fieldId < base + 3) {
        static const char *names[] = {"slowdown_sw_thermal", "slowdown_hw_thermal", "slowdown_hw_power_brake"};
        field->valueType = 3;
        field->value.ull = share_ns(device, names[field->fieldId - base]);
        return SUCCESS;
    }
    return NOT_SUPPORTED;
}
int nvmlDeviceGetFieldValues(device_t *device, int count, field_t *fields) {
    REFUSABLE;
    for (int place = 0; place < count; place++) fields[place].nvmlReturn = answer_field(device, &fields[place]);
    return SUCCESS;
}
int nvmlDeviceGetComputeRunningProcesses_v3(device_t *device, u32 *count, process_t *out) {
    u32 there = (u32)of_device(device, "processes", 0);
    REFUSABLE;
    if (*count < there) { *count = there; return INSUFFICIENT_SIZE; }
    for (u32 place = 0; place < there; place++) out[place] = (process_t){.pid = 4000000 + place, .usedGpuMemory = 1048576};
    *count = there;
    return SUCCESS;
}
int nvmlDeviceGetMPSComputeRunningProcesses_v3(device_t *device, u32 *count, process_t *out) {
    (void)device; (void)out;
    REFUSABLE;
    *count = 0;
    return SUCCESS;
}
