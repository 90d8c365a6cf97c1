package bitbucketcloud

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
)

// listing is how one kind of things is paged.
type listing struct {
	// size of a page unless another is asked for, and the most that may be.
	size, most int
	// words name the pages instead of numbers, and nobody says how many things there are.
	words bool
}

// Listings of most things, of pull requests, of changed files, and of commits.
var (
	things  = listing{size: 10, most: 100}
	pulls   = listing{size: 10, most: 50}
	files   = listing{size: 500, most: 500}
	commits = listing{size: 30, most: 100, words: true}
)

// list renders the page that the request asks for, of what its query leaves of the whole.
func list[T any](c *call, l listing, all []T, render func(T) map[string]any) (answer, error) {
	size, number, err := l.asked(c)
	if err != nil {
		return fail(err)
	}
	from := min((number-1)*size, len(all))
	to := min(from+size, len(all))
	out := map[string]any{"pagelen": size, "values": each(all[from:to], render)}
	if !l.words {
		out["size"], out["page"] = len(all), number
	}
	if to < len(all) {
		out["next"] = l.address(c, number+1)
	}
	if number > 1 {
		out["previous"] = l.address(c, number-1)
	}
	return ok(out)
}

// asked is the size of a page and its number. Larger sizes are refused, not made smaller.
func (l listing) asked(c *call) (size, number int, err error) {
	query := c.Request.URL.Query()
	size, number = l.size, 1
	if text := query.Get("pagelen"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > l.most {
			return 0, 0, invalid("Invalid pagelen")
		}
		if n > 0 {
			size = n
		}
	}
	if text := query.Get("page"); text != "" {
		if number, err = l.pageNumber(text); err != nil || number < 1 {
			return 0, 0, invalid("Invalid page")
		}
	}
	return size, number, nil
}

func (l listing) pageNumber(text string) (int, error) {
	if !l.words {
		return strconv.Atoi(text)
	}
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(bytes) != 4 {
		return 0, fmt.Errorf("page %q is none", text)
	}
	return int(binary.BigEndian.Uint32(bytes)), nil
}

func (l listing) pageName(number int) string {
	if !l.words {
		return strconv.Itoa(number)
	}
	var bytes [4]byte
	binary.BigEndian.PutUint32(bytes[:], uint32(number))
	return base64.RawURLEncoding.EncodeToString(bytes[:])
}

func (l listing) address(c *call, number int) string {
	query := c.Request.URL.Query()
	query.Set("page", l.pageName(number))
	return c.Forge.URL() + c.Request.URL.EscapedPath() + "?" + query.Encode()
}

// each renders every item.
func each[T any](all []T, render func(T) map[string]any) []map[string]any {
	out := make([]map[string]any, len(all))
	for i, one := range all {
		out[i] = render(one)
	}
	return out
}
