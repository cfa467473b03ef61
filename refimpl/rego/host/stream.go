package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v2"
)

// readable tells what is wrong with the later documents of a YAML file. The first one alone is data, as policy engines
// have it; but a file that can't be read to its end isn't the file that somebody wrote.
func readable(file string) error {
	if extension := filepath.Ext(file); extension != ".yaml" && extension != ".yml" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !bytes.Contains(text, []byte("\n---")) && !bytes.Contains(text, []byte("\n...")) {
		return nil
	}
	documents := yaml.NewDecoder(bytes.NewReader(text))
	for number := 1; ; number++ {
		var document any
		switch err := documents.Decode(&document); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && number > 1: // of the first one the loader tells
			return fmt.Errorf("%s: document %d: %w", file, number, err)
		case err != nil:
			return nil
		}
	}
}
