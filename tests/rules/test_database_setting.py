"""The database's address is shown in places; its password comes by another way."""

from pathlib import Path

import pytest

from shared.settings import SettingsError, from_environment

KEY = "x" * 16


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    address = "postgresql+asyncpg://{service}:open-sesame@host/{service}"
    with pytest.raises(SettingsError, match="SLUSE_DATABASE_PASSWORD") as refusal:
        from_environment({"SLUSE_DATABASE": address, "SLUSE_DIGEST_KEY": KEY})
    assert "sesame" not in refusal.value.message


def test_the_password_comes_from_a_file_and_the_service_stands_in_the_address(
    tmp_path: Path,
) -> None:
    file = tmp_path / "password"
    file.write_text("open-sesame\n")
    settings = from_environment(
        {
            "SLUSE_DATABASE": "postgresql+asyncpg://{service}@host/{service}",
            "SLUSE_DATABASE_PASSWORD_FILE": str(file),
            "SLUSE_DIGEST_KEY": KEY,
        }
    )
    assert settings.database_password == "open-sesame"
    assert settings.database_of("intake") == "postgresql+asyncpg://intake@host/intake"
