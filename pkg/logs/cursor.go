package logs

// Cursor is a position in one container's log: everything before it is shipped. It is durable with the text it stands
// behind and is all that another process needs to go on exactly there.
//
// The kubelet can start a log at a whole second only and then gives, in file order, every line stamped at or after it.
// So the position is that second, how many lines of such an answer are known, and how much of the line after them.
type Cursor struct {
	// Second is the Unix time to ask the source for; 0 asks for everything.
	Second int64 `json:"second,omitempty"`
	// Count is how many complete lines, of those that the source gives for Second, are shipped.
	Count int64 `json:"count,omitempty"`
	// First and Last are the stamps of the first and the last of them, in nanoseconds. Another First in an answer
	// tells that the kubelet rotated the file; then Last marks the place.
	First int64 `json:"first,omitempty"`
	Last  int64 `json:"last,omitempty"`
	// Partial is how many bytes of the next line are shipped too, and Open is its stamp.
	Partial int64 `json:"partial,omitempty"`
	Open    int64 `json:"open,omitempty"`
	// Lines and Bytes count everything shipped since the container's first line; Lines only complete ones.
	Lines int64 `json:"lines"`
	Bytes int64 `json:"bytes"`
	// Origin is the stamp of the very first line.
	Origin int64 `json:"origin,omitempty"`
	// Instance is how often the container had been restarted when it wrote what comes next; each instance has a log of
	// its own, to which everything above refers but Lines, Bytes and Origin. Head is the stamp of its first line, and
	// Base the number of lines shipped before it; both are 0 for the first instance.
	Instance int64 `json:"instance,omitempty"`
	Head     int64 `json:"head,omitempty"`
	Base     int64 `json:"base,omitempty"`
	// Hidden is how many bytes of what comes next belong to a secret that begins before.
	Hidden int64 `json:"hidden,omitempty"`
}
