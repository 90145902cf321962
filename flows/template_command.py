"""digitrade template: the workbook that a commerce bureau fills in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class TemplateLang(StrEnum):
    zh = "zh"
    en = "en"


def template(
    path: Annotated[Path, typer.Argument(metavar="OUT.xlsx", help="The workbook to write.")],
    lang: Annotated[TemplateLang, typer.Option("--lang", help="Language of the workbook.")] = TemplateLang.zh,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a template for figures of one's own, in Chinese or English: headings, drop-down lists, examples.

    Fill it in, delete the sheet that you do not use, and land it with digitrade ingest (docs/template.md).

    Examples:

        digitrade template 服务贸易.xlsx
        digitrade template services.xlsx --lang en
    """
    from transforms.errors import InputError
    from transforms.template import write_template

    if path.suffix.lower() != ".xlsx":
        raise InputError("the template is an Excel workbook", file=str(path), todo="end the name in .xlsx.")
    if path.exists() and not force:
        raise InputError("the file is there already", file=str(path), todo="choose another name, or say --force.")
    try:
        write_template(path, lang.value)
    except OSError as error:
        raise InputError(
            f"the file cannot be written: {error.strerror}", file=str(path), todo="choose another folder."
        ) from None
    typer.echo(f"{path}: fill it in, then land it with digitrade ingest (docs/template.md).")
