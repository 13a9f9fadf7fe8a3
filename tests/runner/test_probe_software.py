"""Libraries, variables, packages and CUDA's axes: what enters an executor, and what stays on the node."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.probe.cuda import toolkit_version
from runner.probe.distributions import installed, lock_digest
from runner.probe.libraries import fields, soname
from runner.probe.system import variables
from tests.runner.probe_tree import machine, probed

LINE = "7f0000000000-7f0000001000 r-xp 00000000 08:01 42                         {}\n"


def libraries(root: Path, *paths: str, installed_names: tuple[str, ...] = ()) -> object:
    maps = "".join(LINE.format(path.replace("SITE", str(root / "opt/site-packages"))) for path in paths)
    return fields(machine(root, changed={"proc/self/maps": maps}, installed=installed_names))["sw.loaded_libs"].value


def test_only_libraries_that_compute_are_named(tmp_path: Path) -> None:
    paths = ("/usr/lib/libssl.so.3", "/usr/lib/libc.so.6", "/usr/lib/libgomp.so.1.0.0", "/memfd:pulse (deleted)")
    assert libraries(tmp_path, *paths) == {"libgomp.so.1": "1.0.0"}


def test_a_library_of_a_package_has_the_packages_version(tmp_path: Path) -> None:
    found = libraries(tmp_path, "SITE/torch/lib/libtorch_cpu.so", "SITE/torch/lib/libc10.so", installed_names=("torch-2.13.0+cu130",))
    assert found == {"libc10.so": "2.13.0+cu130", "libtorch_cpu.so": "2.13.0+cu130"}


@pytest.mark.parametrize(
    ("path", "distribution", "expected"),
    [
        ("SITE/nvidia/cudnn/lib/libcudnn.so.9", "nvidia_cudnn_cu13-9.24.0.43", {"libcudnn.so.9": "9.24.0.43"}),
        ("SITE/nvidia/cuda_runtime/lib/libcudart.so.12", "nvidia_cuda_runtime_cu12-12.8.90", {"libcudart.so.12": "12.8.90"}),
        ("SITE/nvidia/cu13/lib/libcublasLt.so.13", "nvidia_cublas-13.1.0.3", {"libcublasLt.so.13": "13.1.0.3"}),
        ("SITE/nvidia/cu13/lib/libcusparse.so.12", "nvidia_cusparse-12.6.3.3", {"libcusparse.so.12": "12.6.3.3"}),
    ],
)
def test_a_vendors_library_has_the_version_of_its_own_distribution(tmp_path: Path, path: str, distribution: str, expected: object) -> None:
    assert libraries(tmp_path, path, installed_names=(distribution,)) == expected


def test_a_bundled_copy_is_named_by_its_own_number_or_by_who_bundled_it(tmp_path: Path) -> None:
    found = libraries(tmp_path, "SITE/numpy.libs/libscipy_openblas64_-8fb3d286.so", "SITE/scikit_learn.libs/libgomp-a34b3233.so.1.0.0",
                      installed_names=("numpy-2.4.6", "scikit_learn-1.9.1"))  # fmt: skip
    assert found == {"libscipy_openblas64_.so": "bundled by numpy 2.4.6", "libgomp.so.1": "1.0.0"}


def test_two_versions_in_one_process_are_both_named_in_one_order(tmp_path: Path) -> None:
    paths = ("/usr/lib/libgomp.so.1.0.0", "SITE/torch/lib/libgomp.so.1")
    first = libraries(tmp_path / "a", *paths, installed_names=("torch-2.13.0",))
    assert first == libraries(tmp_path / "b", *reversed(paths), installed_names=("torch-2.13.0",)) == {"libgomp.so.1": "1.0.0 2.13.0"}


def test_a_link_is_followed_to_the_full_number(tmp_path: Path) -> None:
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/libcudart.so.12.4.127").write_bytes(b"")
    (tmp_path / "usr/lib/libcudart.so.12").symlink_to("libcudart.so.12.4.127")
    assert libraries(tmp_path, "/usr/lib/libcudart.so.12") == {"libcudart.so.12": "12.4.127"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/x/libgomp-a34b3233.so.1.0.0", "libgomp.so.1"), ("/x/libtorch.so", "libtorch.so"), ("/x/libcudart.so.12.4.127", "libcudart.so.12"),
        ("/x/onnxruntime_pybind11_state.cpython-311-x86_64-linux-gnu.so", "onnxruntime_pybind11_state.so"),
    ],
)  # fmt: skip
def test_a_name_is_without_what_packaging_added(path: str, name: str) -> None:
    assert soname(path) == name


def test_variables_are_read_by_an_allow_list() -> None:
    environ = {"OMP_NUM_THREADS": "8", "NCCL_ALGO": "Ring", "PATH": "/usr/bin", "HOME": "/home/someone", "EDITOR": "vi"}
    assert variables(environ) == {"NCCL_ALGO": "Ring", "OMP_NUM_THREADS": "8"}


@pytest.mark.parametrize("name", ["VLLM_API_KEY", "PYTORCH_TOKEN", "NCCL_SECRET", "VLLM_HOST_IP", "NCCL_SOCKET_IFNAME", "VLLM_USER", "MKL_PASSWORD"])
def test_a_name_that_may_hold_a_secret_or_an_address_is_never_read(name: str) -> None:
    assert variables({name: "hidden"}) == {}


def test_a_path_in_a_variable_is_not_repeated() -> None:
    assert variables({"LD_PRELOAD": "/home/someone/libjemalloc.so"}) == {"LD_PRELOAD": "(a path)"}


@pytest.mark.parametrize(
    ("said", "shown"), [("0,1", "0,1"), ("", "none"), ("GPU-a0000000-1111-2222-3333-444455556666", "1 by identity"), (" 3 , 1", "3,1")]
)
def test_visible_devices_are_shown_without_identities(tmp_path: Path, said: str, shown: str) -> None:
    assert probed(tmp_path, environ={"CUDA_VISIBLE_DEVICES": said})["sw.visible_devices"].value == shown


def test_the_lock_digest_depends_on_names_and_versions_alone(tmp_path: Path) -> None:
    one = installed(machine(tmp_path / "a", installed=("numpy-2.4.6", "Torch_Vision-1.0")))
    two = installed(machine(tmp_path / "b", installed=("torch_vision-1.0", "numpy-2.4.6")))
    other = installed(machine(tmp_path / "c", installed=("torch_vision-1.1", "numpy-2.4.6")))
    assert one == {"numpy": "2.4.6", "torch-vision": "1.0"}
    assert lock_digest(one) == lock_digest(two) != lock_digest(other)


def test_the_toolkit_of_the_compiler_on_the_path_goes_before_the_systems(tmp_path: Path) -> None:
    changed = {"usr/local/cuda/version.json": '{"cuda": {"version": "12.9.1"}}', "opt/cuda-11.8/bin/nvcc": "",
               "opt/cuda-11.8/version.json": '{"cuda": {"version": "11.8.89"}}'}  # fmt: skip
    assert toolkit_version(machine(tmp_path / "a", changed, environ={"PATH": "/usr/bin:/opt/cuda-11.8/bin"})) == "11.8.89"
    assert toolkit_version(machine(tmp_path / "b", changed, environ={"PATH": "/usr/bin"})) == "12.9.1"


def test_a_toolkit_that_does_not_tell_its_version_is_no_absent_toolkit(tmp_path: Path) -> None:
    assert probed(tmp_path, changed={"usr/local/cuda/version.json": "{}"})["sw.cuda.system_toolkit"].status == "unreadable:unknown-format"
