// Package live is the form of what the store has of a step while that runs. All of its text that is durable lies below
// .live/<step>/, for every process to read:
//
//	<offset>-<end>-<writer>.seg   a segment: some MiB of the log in its stored form (package logfile), never changed
//	<offset>-<end>-<writer>.rec   its record: the segments before it, the index up to its end, and the cursor there
//	<offset>-<writer>.txt         a chunk: text behind the last segment with the times of its lines, replaced while it is small
//
// Offsets count bytes of text. A chunk makes text durable within seconds; a segment replaces the chunks that it covers. The
// store itself copies the segments into the parts of the log's final object, which is completed when the step has ended. So
// a byte is sent once by a stream that is fast, and twice by one whose chunks came first, and a live log of any size can be
// read from its beginning, by pages of other processes and by the shipper that takes over. Sending the parts themselves
// would cost the store one copy less, but no server lets anybody read the parts of an upload that is open.
//
// The writer in a name keeps a process that lost its lease from overwriting what its successor wrote. Both wrote the same
// text, cut at other places; a record names the segments that belong together.
package live
