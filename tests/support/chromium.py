"""Launch options of Chromium, and helpers that Playwright lacks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .patience import PATIENCE_SECONDS

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
PASSWORD = "journeys-password"
needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM} (Debian: apt install chromium)"
)
# A drop event as browsers send it, with files only: scripts cannot create folder entries.
_DROP = """async (files) => {
  const transfer = new DataTransfer();
  for (const [name, bytes] of files) transfer.items.add(new File([new Uint8Array(bytes)], name));
  const event = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
  document.querySelector(".sk-drop").dispatchEvent(event);
}"""


expect.set_options(timeout=PATIENCE_SECONDS * 1000)


def prepare(page: Page) -> Page:
    """Set timeouts of a new page, and intercept its file choosers from the start.

    `expect_file_chooser` alone starts intercepting when a key is pressed, and a busy browser may
    open its own chooser first.
    """
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    page.on("filechooser", lambda chooser: None)
    return page


def drop(page: Page, files: Mapping[str, bytes]) -> None:
    """Drop files on the upload page."""
    page.evaluate(_DROP, [[name, list(content)] for name, content in files.items()])
