/* A stand-in for NVIDIA's management library, built by the tests into libnvidia-ml.so.1 and loaded by the real pynvml in a child process.
 *
 * LYNXWEB_FAKE_NVML names a text file of `key=value` lines, read at each nvmlInit. `key.INDEX` speaks of one device. A key that is a function's
 * name refuses that function with this nvmlReturn_t, from `NAME_after_ms` on where that is given. A symbol is left out by renaming it at build
 * time (-DnvmlX=absent_nvmlX). Time is CLOCK_MONOTONIC, as for the runner, so what must be read follows from the scenario.
 *
 * The board wakes up at nvmlInit, or at `origin_ns`. Whatever has a moment of its own (in ms) counts from there; with `mark=PATH` it counts from
 * the moment in ns that this file holds, and waits until there is one.
 *   power(t) = power_mw, and from each moment of power_steps=MS:MW,MS:MW,... on what it says; + power_drift_mw_per_s * t; less
 *   power_wave_depth_mw in the second half of each power_wave_ms. The energy counter moves every tick_ms by what the board senses: the power in the
 *   first duty_percent of the tick, held over the whole of it, times energy_gain_permille. Instant power is that of now, average power that of the
 *   last second.
 *   Throttle counters grow by a share of the time in thousandths (`violation_power=250`) and by events (`violation_power_events=200-450,800-900.5`
 *   in ms), times counter_gain; while an event goes on, the bits of its reason show in the mask beside `reasons`.
 *   lost_after_ms, energy_reset_ms, energy_stuck_after_ms, foreign_after_ms, count_after_ms (then `count_after` devices), clock_step_ms.
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

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, INSUFFICIENT_SIZE = 7, GPU_IS_LOST = 15, PAIRS = 256, DEVICES = 8 };

static char keys[PAIRS][64], texts[PAIRS][512];
static int pairs = 0;
static u64 started_ns = 0, marked_ns = 0;
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
    char line[640];
    pairs = 0;
    while (file && pairs < PAIRS && fgets(line, sizeof line, file))
        if (sscanf(line, "%63[^=]=%511[^\n]", keys[pairs], texts[pairs]) == 2) pairs++;
    if (file) fclose(file);
}

static u64 elapsed_ns(void) { return now_ns() - started_ns; }

/* From when moments count; 0 while the mark has not been set. */
static u64 begun_ns(void) {
    const char *path = text_of("mark", NULL);
    if (!path) return started_ns;
    FILE *file = marked_ns ? NULL : fopen(path, "r");
    if (file && fscanf(file, "%llu", &marked_ns) != 1) marked_ns = 0;
    if (file) fclose(file);
    return marked_ns && marked_ns <= now_ns() ? marked_ns : 0;
}
static u64 since_ns(void) { return begun_ns() ? now_ns() - begun_ns() : 0; }

/* Whether `key` (in ms) is given and has passed. */
static int passed(device_t *device, const char *key) {
    long long at = of_device(device, key, -1);
    return at >= 0 && begun_ns() && since_ns() >= (u64)at * 1000000ull;
}

static int refusal(const char *function) {
    char after[96];
    long long code = number_of(function, 0), at;
    if (!code) return SUCCESS;
    snprintf(after, sizeof after, "%s_after_ms", function);
    at = number_of(after, -1);
    return at < 0 || (begun_ns() && since_ns() >= (u64)at * 1000000ull) ? (int)code : SUCCESS;
}

#define REFUSABLE do { int code = refusal(__func__); if (code) return code; } while (0)
#define ANSWERABLE do { if (passed(device, "lost_after_ms")) return GPU_IS_LOST; REFUSABLE; } while (0)
#define NUMBER(function, type, key, otherwise) \
    int function(device_t *device, type *out) { ANSWERABLE; *out = (type)of_device(device, key, otherwise); return SUCCESS; }
#define CLOCK(function, prefix, sm, memory) \
    int function(device_t *device, u32 kind, u32 *mhz) { ANSWERABLE; \
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
    started_ns = (u64)number_of("origin_ns", (long long)now_ns());
    marked_ns = 0;
    REFUSABLE;
    for (int place = 0; place < DEVICES; place++) devices[place].index = place;
    return SUCCESS;
}
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int code) { (void)code; return "scenario"; }
int nvmlSystemGetDriverVersion(char *out, u32 length) { REFUSABLE; return write_text(out, length, text_of("driver", "580.95.05")); }
int nvmlSystemGetNVMLVersion(char *out, u32 length) { REFUSABLE; return write_text(out, length, text_of("nvml", "13.580.95.05")); }
int nvmlSystemGetCudaDriverVersion_v2(int *out) { REFUSABLE; *out = (int)number_of("cuda", 13000); return SUCCESS; }
int nvmlDeviceGetCount_v2(u32 *out) {
    REFUSABLE;
    *out = (u32)number_of(passed(&devices[0], "count_after_ms") ? "count_after" : "count", 1);
    return SUCCESS;
}
int nvmlDeviceGetHandleByIndex_v2(u32 index, device_t **out) {
    REFUSABLE;
    if (index >= (u32)number_of("count", 1) || index >= DEVICES) return INVALID_ARGUMENT;
    *out = &devices[index];
    return SUCCESS;
}

/* ---- facts at rest ---- */
int nvmlDeviceGetName(device_t *device, char *out, u32 length) {
    char own[32];
    ANSWERABLE;
    snprintf(own, sizeof own, "name.%d", device->index);
    return write_text(out, length, text_of(own, text_of("name", "NVIDIA H100 80GB HBM3")));
}
int nvmlDeviceGetUUID(device_t *device, char *out, u32 length) {
    char uuid[64];
    ANSWERABLE;
    snprintf(uuid, sizeof uuid, "GPU-%08x-1111-2222-3333-444455556666", 0xa0000000u + (u32)device->index);
    return write_text(out, length, uuid);
}
int nvmlDeviceGetVbiosVersion(device_t *device, char *out, u32 length) { ANSWERABLE; return write_text(out, length, "96.00.89.00.01"); }
int nvmlDeviceGetCudaComputeCapability(device_t *device, int *major, int *minor) {
    ANSWERABLE;
    *major = (int)of_device(device, "capability_major", 9);
    *minor = (int)of_device(device, "capability_minor", 0);
    return SUCCESS;
}
int nvmlDeviceGetMemoryInfo(device_t *device, memory_t *out) {
    ANSWERABLE;
    out->total = (u64)of_device(device, "memory_total", 85520809984ll);
    out->used = (u64)of_device(device, "memory_used", 629145600ll);
    out->free = out->total - out->used;
    return SUCCESS;
}
int nvmlDeviceGetEccMode(device_t *device, u32 *current, u32 *pending) {
    ANSWERABLE;
    *current = *pending = (u32)of_device(device, "ecc", 1);
    return SUCCESS;
}
int nvmlDeviceGetMigMode(device_t *device, u32 *current, u32 *pending) {
    ANSWERABLE;
    *current = *pending = (u32)of_device(device, "mig", 0);
    return SUCCESS;
}
int nvmlDeviceGetTotalEccErrors(device_t *device, u32 kind, u32 counter, u64 *out) {
    (void)counter;
    ANSWERABLE;
    *out = (u64)of_device(device, kind ? "ecc_uncorrected" : "ecc_corrected", 0);
    return SUCCESS;
}
int nvmlDeviceGetRemappedRows(device_t *device, u32 *corrected, u32 *uncorrected, u32 *pending, u32 *failed) {
    ANSWERABLE;
    *corrected = (u32)of_device(device, "remapped_rows", 0);
    *uncorrected = *pending = *failed = 0;
    return SUCCESS;
}
int nvmlDeviceGetC2cModeInfoV(device_t *device, c2c_t *out) {
    ANSWERABLE;
    if (!of_device(device, "coherent_link", 0)) return NOT_SUPPORTED;
    out->enabled = 1;
    return SUCCESS;
}
int nvmlDeviceGetPowerManagementLimitConstraints(device_t *device, u32 *least, u32 *most) {
    ANSWERABLE;
    *least = (u32)of_device(device, "limit_min_mw", 200000);
    *most = (u32)of_device(device, "limit_max_mw", 700000);
    return SUCCESS;
}
int nvmlDeviceGetPowerSource(device_t *device, u32 *out) { ANSWERABLE; *out = (u32)number_of("source", 0); return SUCCESS; }
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
int nvmlDeviceGetClockInfo(device_t *device, u32 kind, u32 *mhz) {
    ANSWERABLE;
    const char *sm = passed(device, "clock_step_ms") ? "clock_step_sm_mhz" : "clock_sm_mhz";
    *mhz = (u32)(kind == 2 ? of_device(device, "clock_mem_mhz", 2619) : of_device(device, sm, 1755));
    return SUCCESS;
}
CLOCK(nvmlDeviceGetApplicationsClock, "app", 1980, 2619)

/* ---- what moves ---- */
static double least(double one, double other) { return one < other ? one : other; }
static double most(double one, double other) { return one > other ? one : other; }

/* mJ drawn in the first t seconds. */
static double drawn_mj(device_t *device, double t) {
    double mw = (double)of_device(device, "power_mw", 300000), drawn = (double)of_device(device, "power_drift_mw_per_s", 0) * t * t / 2, from = 0;
    double period = (double)of_device(device, "power_wave_ms", 0) / 1000, at, next;
    const char *text = begun_ns() ? text_of("power_steps", "") : "";
    for (; sscanf(text, "%lf:%lf", &at, &next) == 2; mw = next) {
        at = ((double)begun_ns() - (double)started_ns) / 1e9 + at / 1000;
        if (at >= t) break;
        drawn += mw * (at - from);
        from = at;
        text = strchr(text, ',') ? strchr(text, ',') + 1 : "";
    }
    drawn += mw * (t - from);
    if (period > 0) {
        double turns = (double)(long long)(t / period), low = turns * period / 2 + most(0, t - turns * period - period / 2);
        drawn -= (double)of_device(device, "power_wave_depth_mw", 0) * low;
    }
    return drawn;
}
static double mean_mw(device_t *device, double from, double to) {
    from = most(0, from);
    return to > from ? (drawn_mj(device, to) - drawn_mj(device, from)) / (to - from) : (double)of_device(device, "power_mw", 300000);
}
/* mJ counted in the first `ticks` ticks of `tick` seconds. */
static double counted_mj(device_t *device, u64 ticks, double tick) {
    double sensed = (double)of_device(device, "duty_percent", 100) / 100, counted = 0;
    if (sensed >= 1) return drawn_mj(device, (double)ticks * tick);
    for (u64 one = 0; one < ticks; one++) counted += mean_mw(device, (double)one * tick, ((double)one + sensed) * tick) * tick;
    return counted;
}

int nvmlDeviceGetTotalEnergyConsumption(device_t *device, u64 *out) {
    u64 tick_ns = (u64)number_of("tick_ms", 100) * 1000000ull, until = elapsed_ns(), after = begun_ns() - started_ns;
    u64 start = (u64)of_device(device, "energy_start_mj", 5000000000ll);
    ANSWERABLE;
    if (passed(device, "energy_stuck_after_ms")) until = after + (u64)of_device(device, "energy_stuck_after_ms", 0) * 1000000ull;
    if (number_of("energy_stuck", 0)) until = 0;
    u64 counted = (u64)(counted_mj(device, until / tick_ns, (double)tick_ns / 1e9) * (double)of_device(device, "energy_gain_permille", 1000) / 1000);
    *out = passed(device, "energy_reset_ms") ? counted : start + counted;
    return SUCCESS;
}
int nvmlDeviceGetPowerUsage(device_t *device, u32 *out) { ANSWERABLE; *out = (u32)of_device(device, "power_usage_mw", 290000); return SUCCESS; }
int nvmlDeviceGetTemperature(device_t *device, u32 sensor, u32 *out) {
    (void)sensor;
    ANSWERABLE;
    long long warmed = of_device(device, "temperature_drift_c_per_s", 0) * (long long)(since_ns() / 1000000000ull);
    *out = (u32)(of_device(device, "temperature_c", 54) + warmed);
    return SUCCESS;
}
int nvmlDeviceGetUtilizationRates(device_t *device, utilization_t *out) {
    ANSWERABLE;
    out->gpu = (u32)of_device(device, "utilization", 87);
    out->memory = 10;
    return SUCCESS;
}
static const char *REASONS[] = {"violation_power", "violation_thermal", "slowdown_sw_thermal", "slowdown_hw_thermal", "slowdown_hw_power_brake"};
static const u64 REASON_BITS[] = {0x4, 0x20, 0x20, 0x48, 0x88};

/* ns of the events of `key` that have passed; whether one goes on now. */
static u64 events_ns(device_t *device, const char *key, int *now) {
    char name[96], own[128];
    double sum = 0, until = (double)since_ns();
    snprintf(name, sizeof name, "%s_events", key);
    snprintf(own, sizeof own, "%s.%d", name, device->index);
    const char *text = text_of(own, text_of(name, ""));
    *now = 0;
    for (double from, to; sscanf(text, "%lf-%lf", &from, &to) == 2; text++) {
        sum += most(0, least(to * 1e6, until) - from * 1e6);
        *now |= until >= from * 1e6 && until < to * 1e6;
        if (!(text = strchr(text, ','))) break;
    }
    return (u64)sum;
}
static u64 mask_of(device_t *device) {
    u64 mask = (u64)of_device(device, "reasons", 0);
    for (int place = 0, now; place < 5; place++) {
        events_ns(device, REASONS[place], &now);
        if (now) mask |= REASON_BITS[place];
    }
    return mask;
}
int nvmlDeviceGetCurrentClocksEventReasons(device_t *device, u64 *out) { ANSWERABLE; *out = mask_of(device); return SUCCESS; }
int nvmlDeviceGetCurrentClocksThrottleReasons(device_t *device, u64 *out) { ANSWERABLE; *out = mask_of(device); return SUCCESS; }

/* A share of the time in thousandths and the events, as ns. */
static u64 throttled_ns(device_t *device, const char *key) {
    int now;
    return (elapsed_ns() / 1000 * (u64)of_device(device, key, 0) + events_ns(device, key, &now)) * (u64)of_device(device, "counter_gain", 1);
}

int nvmlDeviceGetViolationStatus(device_t *device, u32 policy, violation_t *out) {
    static const char *names[] = {"violation_power", "violation_thermal", "violation_sync_boost",
                                  "violation_board_limit", "violation_low_utilization", "violation_reliability"};
    ANSWERABLE;
    if (policy > 5) return INVALID_ARGUMENT;
    out->referenceTime = now_ns() / 1000;
    out->violationTime = throttled_ns(device, names[policy]);
    return SUCCESS;
}
static u32 answer_field(device_t *device, field_t *field) {
    long long base = number_of("slowdown_base", 269);
    if (field->fieldId == 185 || field->fieldId == 186) {
        field->valueType = 1;
        double now = (double)elapsed_ns() / 1e9;
        field->value.ui = field->fieldId == 185 ? (u32)of_device(device, "power_average_mw", (long long)mean_mw(device, now - 1, now))
                                                : (u32)of_device(device, "power_instant_mw", (long long)mean_mw(device, now - 1e-6, now));
        if (field->scopeId == 1) field->value.ui = (u32)of_device(device, "power_module_mw", 400000);
        return (u32)refusal("field_power");
    }
    if (base && field->fieldId >= base && field->fieldId < base + 3) {
        static const char *names[] = {"slowdown_sw_thermal", "slowdown_hw_thermal", "slowdown_hw_power_brake"};
        field->valueType = 3;
        field->value.ull = throttled_ns(device, names[field->fieldId - base]);
        return SUCCESS;
    }
    return NOT_SUPPORTED;
}
int nvmlDeviceGetFieldValues(device_t *device, int count, field_t *fields) {
    ANSWERABLE;
    for (int place = 0; place < count; place++) fields[place].nvmlReturn = answer_field(device, &fields[place]);
    return SUCCESS;
}
int nvmlDeviceGetComputeRunningProcesses_v3(device_t *device, u32 *count, process_t *out) {
    u32 there = (u32)of_device(device, "processes", 0), own = (u32)of_device(device, "own_pid", 0);
    if (passed(device, "foreign_after_ms")) there++;
    ANSWERABLE;
    if (*count < there + !!own) { *count = there + !!own; return INSUFFICIENT_SIZE; }
    for (u32 place = 0; place < there; place++) out[place] = (process_t){.pid = 4000000 + place, .usedGpuMemory = 1048576};
    if (own) out[there++] = (process_t){.pid = own, .usedGpuMemory = 1048576};
    *count = there;
    return SUCCESS;
}
int nvmlDeviceGetMPSComputeRunningProcesses_v3(device_t *device, u32 *count, process_t *out) {
    (void)out;
    ANSWERABLE;
    *count = 0;
    return SUCCESS;
}
