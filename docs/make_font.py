"""Make the Chinese font of the charts: ``python docs/make_font.py NotoSansCJK-Regular.ttc``.

The charts need the characters of their own words and those of common Chinese
text (the first level of GB 2312, 3,755 characters); with these alone the font
is small enough to travel in the package. Its outlines are made quadratic
(TrueType), which every output of matplotlib can embed, and it gets a name of
its own, as the licence of the original asks of changed versions.
"""

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

PACKAGE = Path(__file__).resolve().parent.parent / "bouncekit"
TARGET = PACKAGE / "plots" / "fonts" / "bouncekit-sans-sc.ttf"
NAME = "Bouncekit Sans SC"
SIMPLIFIED = 2
"""Place of the Simplified Chinese face in Noto's collection."""
_ERROR = 1.0
"""How far a quadratic outline may lie from the cubic one, in units of 1000 an em."""


def characters() -> set[int]:
    """Give the code points that the charts may need."""
    rows = (bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    common = "".join(pair.decode("gb2312", "ignore") for pair in rows)
    own = "".join(path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.toml")))
    shown = {ord(character) for character in common + own if ord(character) >= 0x2E80}
    return shown | set(range(0x20, 0x7F)) | set(range(0x3000, 0x3020)) | set(range(0xFF01, 0xFF5F))


def cut(source: Path) -> TTFont:
    """Take the wanted characters out of the full font."""
    font = TTFont(source, fontNumber=SIMPLIFIED)
    options = subset.Options(
        layout_features=[], hinting=False, name_IDs=[0, 13, 14], notdef_outline=True
    )
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "GPOS", "GSUB", "DSIG"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters())
    cutter.subset(font)
    return font


def make_quadratic(font: TTFont) -> None:
    """Replace the cubic outlines (CFF) by quadratic ones (glyf)."""
    glyphs, drawn = font.getGlyphSet(), {}
    for name in font.getGlyphOrder():
        pen = TTGlyphPen(glyphs)
        glyphs[name].draw(Cu2QuPen(pen, _ERROR, reverse_direction=True))
        drawn[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = font.getGlyphOrder(), drawn
    del font["CFF "]
    font["maxp"].tableVersion = 0x00010000
    for field in (
        "maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs",
        "maxStackElements", "maxSizeOfInstructions", "maxComponentElements",
    ):  # fmt: skip
        setattr(font["maxp"], field, 1 if field == "maxZones" else 0)
    font["post"].formatType = 3.0
    font.sfntVersion = "\x00\x01\x00\x00"


def rename(font: TTFont) -> None:
    """Give the font its own name."""
    names = {1: NAME, 2: "Regular", 3: NAME, 4: NAME, 6: NAME.replace(" ", "")}
    for number, text in names.items():
        font["name"].setName(text, number, 3, 1, 0x409)


def main() -> None:
    """Make the font and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="NotoSansCJK-Regular.ttc")
    font = cut(parser.parse_args().source)
    make_quadratic(font)
    rename(font)
    # The same bytes whenever it is made.
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    font.save(TARGET)
    print(f"{TARGET}: {len(font.getGlyphOrder()):,} characters, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
