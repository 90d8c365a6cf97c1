// Package bench measures Pharos as a whole process against real servers. It asserts counts, and the memory of one process;
// times are printed, to be read on a quiet machine.
package bench
