// Package rest is what the drivers of REST forges share: requests with escaped paths, bounded JSON answers, pages to their
// end, and statuses as the errors of package scm. What differs between forges a driver gives as fields of [API].
package rest
