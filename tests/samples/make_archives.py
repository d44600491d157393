"""Makes the zips below `archives/`: `python -m tests.samples.make_archives` writes them all again.

Those in `accept/` are odd and valid; those in `reject/` have one thing wrong, whose code stands before
the `--` of the name.
"""

from __future__ import annotations

from pathlib import Path

from .accepted import ACCEPT
from .refused import REJECT

FOLDER = Path(__file__).parent / "archives"


def samples() -> dict[Path, bytes]:
    """Every sample's file and bytes."""
    accepted = {FOLDER / "accept" / f"{name}.zip": data for name, data in ACCEPT.items()}
    return accepted | {FOLDER / "reject" / f"{name}.zip": data for name, data in REJECT.items()}


def main() -> None:
    """Write all samples, and remove files that are none."""
    made = samples()
    for stale in set(FOLDER.glob("*/*")) - made.keys():
        stale.unlink()
    for path, data in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
