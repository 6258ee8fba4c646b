"""A screenshot as a small PNG: 256 colours are enough for pages, and halve the size.

Chromium reads the picture it has made; what it can't write is an indexed one.
"""

import struct
import zlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Mapping, Sequence

from playwright.async_api import Page

READ = """async (encoded) => {
  const file = await fetch(`data:image/png;base64,${encoded}`);
  const image = await createImageBitmap(await file.blob());
  const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
  pen.drawImage(image, 0, 0);
  const bytes = pen.getImageData(0, 0, image.width, image.height).data;
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return [image.width, image.height, btoa(text)];
}"""
COLOURS = 256
NEAR = 9
"""The sum of differences in red, green and blue that is invisible; the pages' greys differ by more."""


async def smaller(page: Page, picture: bytes) -> bytes:
    """The same picture; `page` is any, blank, whose content policy lets it read."""
    return encode_picture(*await page.evaluate(READ, b64encode(picture).decode()))


def encode_picture(width: int, height: int, encoded: str) -> bytes:
    """Return the PNG of the pixels that `READ` has read."""
    pixels = memoryview(b64decode(encoded)).cast("I").tolist()
    palette, place = _palette(Counter(pixels))
    rows = bytes(place[pixel] for pixel in pixels)
    lines = b"".join(b"\0" + rows[at : at + width] for at in range(0, width * height, width))
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + _chunk(b"PLTE", palette)
        + _chunk(b"IDAT", zlib.compress(lines, 9))
        + _chunk(b"IEND", b"")
    )


def _palette(seen: Mapping[int, int]) -> tuple[bytes, Mapping[int, int]]:
    """The commonest colours, none too near another, and which of them stands for each."""
    kept: list[tuple[int, int, int]] = []
    ordered = sorted(seen, key=lambda colour: (-seen[colour], colour))
    for colour in ordered:
        if len(kept) < COLOURS and (not kept or _nearest(colour, kept)[0] > NEAR):
            kept.append(_rgb(colour))
    return b"".join(map(bytes, kept)), {colour: _nearest(colour, kept)[1] for colour in ordered}


def _nearest(colour: int, kept: Sequence[tuple[int, int, int]]) -> tuple[int, int]:
    """Return the distance of the nearest colour and its index."""
    red, green, blue = _rgb(colour)
    away = [abs(red - r) + abs(green - g) + abs(blue - b) for r, g, b in kept]
    return min(away), away.index(min(away))


def _rgb(colour: int) -> tuple[int, int, int]:
    """Of a pixel read as a little-endian number."""
    return colour & 0xFF, colour >> 8 & 0xFF, colour >> 16 & 0xFF


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
