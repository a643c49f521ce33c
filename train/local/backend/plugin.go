package backend

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"runtime"
)

// checkPlugin returns an error if the file at path is absent or damaged. It must
// run before the loader does: a library that was cut short while being copied
// kills the process with a bus error when its missing pages are touched.
func checkPlugin(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return errors.Unwrap(err) // the path is in the caller's message
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a file")
	}
	if runtime.GOOS != "linux" {
		return nil // other loaders check this themselves
	}
	if err := checkELF(path, info.Size()); err != nil {
		return fmt.Errorf("damaged: %w", err)
	}
	return nil
}

// checkELF returns an error unless the file is ELF and has all its sections.
func checkELF(path string, size int64) error {
	file, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for _, section := range file.Sections {
		if section.Type == elf.SHT_NOBITS {
			continue
		}
		if end := section.Offset + section.FileSize; end > uint64(size) {
			return fmt.Errorf("section %s ends at byte %d of %d", section.Name, end, size)
		}
	}
	return nil
}
