"""What the canary scan looks for: forty shapes of secrets and identities, each decidable from the text alone."""

from __future__ import annotations

# Secrets are looked for in every text, identities wherever a value is not a version.
SECRETS = {
    "private-key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "pgp-key": r"-----BEGIN PGP PRIVATE KEY BLOCK-----",
    "putty-key": r"PuTTY-User-Key-File-\d",
    "age-key": r"\bAGE-SECRET-KEY-1[A-Z0-9]{50,}",
    "lynxweb-token": r"\blynxweb_[A-Za-z0-9]+\.[A-Za-z0-9_-]{16,}",
    "github-token": r"\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}",
    "gitlab-token": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "aws-key": r"\b(AKIA|ASIA)[A-Z0-9]{16}\b",
    "storage-key": r"\bAccountKey=[A-Za-z0-9+/]{40,}",
    "google-key": r"\bAIza[A-Za-z0-9_-]{35}\b",
    "google-token": r"\bya29\.[A-Za-z0-9_-]{20,}|\bGOCSPX-[A-Za-z0-9_-]{20,}",
    "slack-token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}|\bhooks\.slack\.com/services/\S+",
    "hub-token": r"\bhf_[A-Za-z0-9]{30,}",
    "accelerator-token": r"\bnvapi-[A-Za-z0-9_-]{40,}",
    "index-token": r"\bpypi-[A-Za-z0-9_-]{50,}",
    "package-token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "image-token": r"\bdckr_pat_[A-Za-z0-9_-]{20,}",
    "vault-token": r"\bhv[bs]\.[A-Za-z0-9_-]{24,}",
    "api-key": r"\bsk-[A-Za-z0-9_-]{32,}",
    "payment-key": r"\b[rs]k_(live|test)_[A-Za-z0-9]{16,}",
    "jwt": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",
    "url-password": r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s:@]+@",
    "bearer": r"(?i)\bauthorization:\s*(bearer|basic)\s+\S+",
    "cookie": r"(?i)\b(set-)?cookie:\s*[^\s=;]+=\S+",
    "assigned-secret": r"(?i)(password|passwd|api[_-]?key|secret[_-]?key|access[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret)"
    r"[\"']?\s*[=:]\s*[\"']?[^\s\"']{6,}",
}
_HEX = "[0-9A-Fa-f]"
IDENTITIES = {
    "gpu-uuid": rf"\b(GPU|MIG)-{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}\b",
    "mac-address": rf"\b{_HEX}{{2}}(:{_HEX}{{2}}){{5}}\b|\b{_HEX}{{2}}(-{_HEX}{{2}}){{5}}\b|\b{_HEX}{{4}}\.{_HEX}{{4}}\.{_HEX}{{4}}\b",
    "ipv4": r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])",
    # Written in full, or shortened and of a range that is handed out; `c10::cuda` and `bad::feed` are no addresses.
    "ipv6": rf"(?<![0-9A-Fa-f:])(?:{_HEX}{{1,4}}:){{4,7}}{_HEX}{{1,4}}(?![0-9A-Fa-f:])"
    rf"|(?<![\w:])(?:[fF][eE][89aAbB]{_HEX}|[fF][cCdD]{_HEX}{{2}}|[23]\d{_HEX}{{2}})(?::{_HEX}{{1,4}}){{0,6}}::(?:{_HEX}{{1,4}}(?::{_HEX}{{1,4}})*)?(?![\w:])",
    "home-path": r"(/home/|/Users/|/root/|[A-Za-z]:\\Users\\)\S*",
    "e-mail": r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b",
    # Names that only a private network or a cloud gives out, with a digit or a dash somewhere: `threading.local` is Python.
    "host-name": r"(?i)(?<![\w./-])(?=[a-z.]*[0-9-])[a-z0-9][a-z0-9.-]*\.(local|lan|internal|intranet|corp|localdomain|home\.arpa)(?![\w-]|\.\w)"
    r"|\bip-\d{1,3}(-\d{1,3}){3}\b|\bec2-\d{1,3}(-\d{1,3}){3}\b|\b(DESKTOP|LAPTOP|WIN)-[A-Z0-9]{7,11}\b",
    "named-host": r"(?i)\bhost[ _-]?name\b[\"']?\s*[=:]\s*[\"']?[a-z0-9][a-z0-9.-]+",
    "serial-number": r"(?i)(\bserial([ _-]?(number|no\.?|nr\.?))?|\bs/n|\basset[ _-]tag)[\"']?\s*[=:#]\s*[\"']?(?=[a-z-]*\d)[a-z0-9-]{6,}",
    "machine-id": rf"(?i)\bmachine[ _-]?id\b\W{{1,4}}{_HEX}{{32}}\b|\b(product|system)[ _-]uuid\b\W{{1,4}}{_HEX}{{8}}-",
    "disk-id": rf"(?i)\bnaa\.{_HEX}{{16}}\b|\bwwn-0x{_HEX}{{16}}\b|\bnvme-eui\.{_HEX}{{16}}",
    "network-share": r"\\\\[A-Za-z0-9][A-Za-z0-9.-]*\\[^\s\\]+|\b(smb|nfs|afp)://[^\s/]+",
    "shell-prompt": r"(?<![\w.-])[a-z_][a-z0-9_.-]*@[a-z0-9][a-z0-9-]*:[~/]",
    "login-name": r"(?<![\w$])(USER|USERNAME|LOGNAME|HOSTNAME|COMPUTERNAME|SSH_CLIENT|SSH_CONNECTION|SLURMD_NODENAME)=[^\s\"']+",
    "cloud-account": r"\barn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{12}:|\bi-[0-9a-f]{17}\b",
}
# Values under these words are versions: 9.24.0.43 is a cuDNN, not an address.
VERSION_WORDS = ("version", "versions", "kernel_libs", "loaded_libs", "build", "release", "microcode", "driver_max", "system_toolkit")
# In prose four numbers are a version where a version word or a library's name leads up to them, with nothing but joining words between.
LEADS_TO_VERSION = (
    r"(?i)(?:\bv|[=<>~]=|\b(?:versions?|ver\.|releases?|builds?|microcode|toolkit|driver|firmware|clauses?|sections?|rules?)"
    r"|\b(?:lib|nvidia-)?(?:cudnn|cublas|cuda|cufft|curand|cusolver|cusparse|nccl|nvrtc|cutlass|tensorrt|openvino|onednn|rocm|miopen|torch|onnxruntime)[\w-]*)"
    r"(?:[\s:=~<>(,v]|\b(?:is|was|to|from|and|or|by|not|of|than|instead|loaded|with|version)\b|\d+(?:\.\d+)+)*$"
)
