// Package process starts, recognises and stops the background processes of a cluster.
//
// A process id alone names nobody: ids are reused. So an ID also holds the start time and the boot in which it was taken, and nothing
// is ever signalled unless all three still match. Linux only, as it reads /proc.
package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ID names one process for good. The zero ID names none.
type ID struct {
	PID int `json:"pid"`
	// Start is the process's start time in clock ticks since boot.
	Start uint64 `json:"start"`
	// Boot is the kernel's boot id, because ticks and pids begin anew after a reboot.
	Boot string `json:"boot"`
}

// Identify reads the identity of a live process.
func Identify(pid int) (ID, error) {
	st, err := readStat(pid)
	if err != nil {
		return ID{}, err
	}
	boot, err := bootID()
	if err != nil {
		return ID{}, err
	}
	return ID{PID: pid, Start: st.start, Boot: boot}, nil
}

// Alive reports whether exactly this process still runs. A zombie does not.
func (id ID) Alive() bool {
	if id.PID <= 0 {
		return false
	}
	st, err := readStat(id.PID)
	if err != nil || st.start != id.Start || st.state == 'Z' || st.state == 'X' {
		return false
	}
	boot, err := bootID()
	return err == nil && boot == id.Boot
}

type stat struct {
	state byte
	start uint64
}

func readStat(pid int) (stat, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, fmt.Errorf("read process %d: %w", pid, err)
	}
	return parseStat(data)
}

// parseStat takes the fields after the command name, which may itself hold spaces and parentheses.
func parseStat(data []byte) (stat, error) {
	const startField = 19 // field 22 of proc(5), counted from the state field
	end := bytes.LastIndexByte(data, ')')
	if end < 0 {
		return stat{}, fmt.Errorf("parse process stat %q: no command name", data)
	}
	fields := strings.Fields(string(data[end+1:]))
	if len(fields) <= startField {
		return stat{}, fmt.Errorf("parse process stat %q: too few fields", data)
	}
	start, err := strconv.ParseUint(fields[startField], 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("parse process start time: %w", err)
	}
	return stat{state: fields[0][0], start: start}, nil
}

func bootID() (string, error) {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read boot id: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}
