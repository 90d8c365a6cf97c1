package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"slices"
)

// palette makes a PNG of at most 256 colours, a third of the size.
func palette(picture []byte) ([]byte, error) {
	in, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("read screenshot: %w", err)
	}
	size := in.Bounds()
	count := map[color.RGBA]int{}
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			count[rgba(in.At(x, y))]++
		}
	}
	colors := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int { return count[b] - count[a] })
	kept := different(colors)
	index := make(map[color.RGBA]uint8, len(colors))
	for _, c := range colors {
		index[c] = uint8(kept.Index(c))
	}
	out := image.NewPaletted(size, kept)
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			out.SetColorIndex(x, y, index[rgba(in.At(x, y))])
		}
	}
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out)
	return b.Bytes(), err
}

// different chooses 256 colours of those that are sorted by how frequent they are: the more alike two are, the less is one of
// them missed.
func different(colors []color.RGBA) color.Palette {
	var kept color.Palette
	for _, far := range []int{40, 20, 10, 5, 0} {
		for _, c := range colors {
			if len(kept) < 256 && (len(kept) == 0 || distance(c, kept[kept.Index(c)].(color.RGBA)) > far) {
				kept = append(kept, c)
			}
		}
	}
	return kept
}

func distance(a, b color.RGBA) int {
	d := func(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }
	return d(a.R, b.R) + d(a.G, b.G) + d(a.B, b.B)
}

func rgba(c color.Color) color.RGBA {
	r, g, b, _ := c.RGBA()
	return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
}
