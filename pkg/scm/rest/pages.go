package rest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	goscm "github.com/jenkins-x/go-scm/scm"
)

// maxPages ends a listing that a server never ends; ten thousand items of anything on one pull request are a mistake.
const maxPages = 100

// Pages says how a forge pages its listings.
type Pages struct {
	// Size asked for by the query parameter SizeKey; the page's number goes by the parameter "page".
	Size    int
	SizeKey string
	// More says whether there is another page, from the answer's header and how many items there are so far.
	More func(header http.Header, have int) bool
}

// List reads every page of a listing that is a JSON array.
func List[T any](ctx context.Context, a *API, p Pages, c Call) ([]T, error) {
	return ListIn(ctx, a, p, c, func(page *[]T) []T { return *page })
}

// ListIn reads every page of a listing that is a field of a JSON object.
func ListIn[T, Page any](ctx context.Context, a *API, p Pages, c Call, items func(*Page) []T) ([]T, error) {
	var all []T
	for page := 1; page <= maxPages; page++ {
		var answer Page
		header, err := a.Do(ctx, p.page(c, page), nil, &answer)
		if err != nil {
			return nil, err
		}
		found := items(&answer)
		all = append(all, found...)
		if len(found) == 0 || !p.More(header, len(all)) {
			return all, nil
		}
	}
	return nil, fmt.Errorf("listing does not end after %d pages", maxPages)
}

func (p Pages) page(c Call, n int) Call {
	query := url.Values{}
	maps.Copy(query, c.Query)
	query.Set(p.SizeKey, strconv.Itoa(p.Size))
	query.Set("page", strconv.Itoa(n))
	c.Query = query
	return c
}

// LinkNext says that the Link header leads to another page.
func LinkNext(header http.Header) bool {
	links := goscm.Response{Header: header}
	links.PopulatePageValues()
	return links.Page.Next > 0
}
