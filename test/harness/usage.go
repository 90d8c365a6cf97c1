package harness

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is Linux's USER_HZ, 100 on every architecture that Go supports.
const ticksPerSecond = 100

// CPU is the processor time that the process has used so far, to 10 ms.
func (p *Pharos) CPU() (time.Duration, error) { return processorTime(p.Pid()) }

// CPU is the processor time that a part of the cluster ("s3") has used since it was started, to 10 ms.
func (c *Cluster) CPU(part string) (time.Duration, error) {
	pid := c.Parts[part].PID
	if pid == 0 {
		return 0, fmt.Errorf("the cluster has no part %s", part)
	}
	return processorTime(pid)
}

func processorTime(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	var ticks int64
	for _, f := range fields[11:13] { // utime and stime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read processor time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}

// Resident is the process's resident memory in MiB.
func (p *Pharos) Resident() (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("read memory: no VmRSS in the process's status")
}
