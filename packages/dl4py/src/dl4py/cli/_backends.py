"""``dl4py backends``."""

from __future__ import annotations

import click


@click.command(short_help="Show the active backend, and why others were skipped.")
def backends() -> None:
    """Show the active backend, its libraries and threads, and why others were skipped."""
    import nd4py

    click.echo(str(nd4py.backend_info()))
