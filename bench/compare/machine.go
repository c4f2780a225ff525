package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// The kernel's figures are read from /proc. Where there is none they are
// missing, and show as such.

// ticksPerSecond is the unit of CPU time in /proc, which Linux fixes at 100.
const ticksPerSecond = 100

// busy is CPU time used until now: by a process, and by all.
type busy struct {
	process, all time.Duration
	known        bool
}

func readBusy(pid int) busy {
	process, ok := processTime(procFile(pid, "stat"))
	all, known := machineTime(readFile("/proc/stat"))
	return busy{process, all, ok && known}
}

// processTime reads the user and system time of a process from its stat. The
// second field, the name, may hold blanks and ends with the last parenthesis.
func processTime(stat string) (time.Duration, bool) {
	_, behind, ok := strings.Cut(stat[strings.LastIndexByte(stat, ')')+1:], " ")
	fields := strings.Fields(behind)
	if !ok || len(fields) < 13 {
		return 0, false
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return ticks(user + system), err == nil && err2 == nil
}

// machineTime reads the time that all CPUs together were not idle.
func machineTime(stat string) (time.Duration, bool) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, false
	}
	total := int64(0)
	for i, field := range fields[1:9] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, false
		}
		if i != 3 && i != 4 { // idle, waiting for a disk
			total += n
		}
	}
	return ticks(total), true
}

func ticks(n int64) time.Duration { return time.Duration(n) * time.Second / ticksPerSecond }

// residentBytes reads the memory of a process, or 0 if it is not known.
func residentBytes(pid int) int64 {
	for line := range strings.Lines(procFile(pid, "status")) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err == nil {
				return kib << 10
			}
		}
	}
	return 0
}

func procFile(pid int, name string) string {
	return readFile(filepath.Join("/proc", strconv.Itoa(pid), name))
}

// readFile returns "" for what cannot be read.
func readFile(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}

func machine() string {
	kernel := strings.TrimSpace(readFile("/proc/sys/kernel/osrelease"))
	return fmt.Sprintf("%d CPUs, %s/%s %s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, kernel, runtime.Version())
}
