"""A repository for the tests of two sides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.git import git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with two commits."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    for text in ("before", "after"):
        (folder / "code.py").write_text(text, encoding="utf-8")
        git(folder, "add", "code.py")
        git(folder, "commit", "--quiet", f"--message={text}")
    return folder
