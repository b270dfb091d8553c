"""The settings for several versions of torch under asv, as asv itself reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from asv import config, environment
from asv.config import Config
from asv.plugins.virtualenv import Virtualenv

ROOT = Path(__file__).parents[2]
MATRIX = ROOT / "asv.torch-matrix.conf.json"
OF_ENVIRONMENTS = {
    "environment_type", "matrix", "build_command", "install_command", "uninstall_command", "install_timeout",
}  # fmt: skip


@pytest.fixture(scope="module")
def conf() -> Config:
    return Config.load(str(MATRIX))


def test_asv_makes_one_environment_for_each_torch_with_virtualenv(conf: Config) -> None:
    assert environment.get_environment_class_by_name(conf.environment_type) is Virtualenv
    wanted = list(environment.iter_matrix(conf.environment_type, conf.pythons, conf))
    torches = [combination["req", "torch"] for combination in wanted]
    assert torches == conf.matrix["req"]["torch"]
    assert len(torches) > 1
    names = {
        environment.get_env_name(conf.environment_type, combination["python", None], {"torch": torch}, {})
        for combination, torch in zip(wanted, torches, strict=True)
    }
    assert len(names) == len(torches)


def test_each_torch_is_an_exact_version_that_crossover_works_with(conf: Config) -> None:
    for torch in conf.matrix["req"]["torch"]:
        major, minor, patch = (int(part) for part in torch.split("."))
        assert (major, minor) >= (2, 9)
        assert patch >= 0


def test_no_command_fetches_another_torch_in_its_place(conf: Config) -> None:
    (build,), (install,), (uninstall,) = conf.build_command, conf.install_command, conf.uninstall_command
    assert "--no-deps" in build
    assert "--force-reinstall" not in install
    assert "--upgrade" not in install
    assert uninstall.endswith(
        "uninstall -y tensor-crossover"
    )  # asv's own would name the project, which pip does not know


def test_it_is_off_unless_it_is_named_and_the_numbers_share_one_history(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    plain = Config.load(config._get_config_path())
    assert plain.environment_type == "existing"
    assert plain.matrix == {}
    for key in plain.__dict__.keys() | conf.__dict__.keys():
        if key not in OF_ENVIRONMENTS:
            assert getattr(plain, key) == getattr(conf, key), key
