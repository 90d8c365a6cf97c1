// Package bench measures Pharos as a whole process against real servers. It asserts counts only; times and sizes are
// printed, to be read on a quiet machine.
package bench
