package weir_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pages of the book, seen from here.
const pages = "../docs/plugins/*.md"

// program is a program of the book: a main.go and what belongs to it.
type program struct {
	// Of the first line: file of the page and number.
	place string
	files map[string]string
}

// The programs of the book for plugin authors build for the sandbox, and their tests pass.
func TestBook(t *testing.T) {
	files, err := filepath.Glob(pages)
	if err != nil || len(files) == 0 {
		t.Fatal("the book is not there", err)
	}
	var programs []program
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found, err := programsIn(filepath.Base(file), string(text))
		if err != nil {
			t.Error(err)
		}
		programs = append(programs, found...)
	}
	if len(programs) < 4 {
		t.Fatalf("%d programs: blocks of Go are called ```go main.go", len(programs))
	}
	for _, program := range programs {
		t.Run(program.place, program.try)
	}
}

// programsIn finds the blocks of Go of a page. A main.go begins a program, any other file belongs to the one before it.
func programsIn(page, text string) (programs []program, err error) {
	var name, block string
	inside := false
	for number, line := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && inside:
			inside = false
			if name == "main.go" {
				programs = append(programs, program{fmt.Sprintf("%s:%d", page, number+1), map[string]string{}})
			} else if name != "" && len(programs) == 0 {
				err = fmt.Errorf("%s:%d: %s belongs to no main.go", page, number+1, name)
			}
			if name != "" && len(programs) > 0 {
				programs[len(programs)-1].files[name] = block
			}
		case isFence:
			language, file, _ := strings.Cut(fence, " ")
			inside, name, block = true, "", ""
			if language == "go" {
				if name = file; name == "" {
					err = fmt.Errorf("%s:%d: a block of Go without the name of a file is tried by nobody", page, number+1)
				}
			}
		case inside:
			block += line + "\n"
		}
	}
	return programs, err
}

// try builds a program in a module of its own, with this SDK.
func (p program) try(t *testing.T) {
	sdk, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	p.files["go.mod"] = fmt.Sprintf(
		"module book\n\ngo 1.24\n\nrequire weir.dev/plugin-sdk-go v0.0.0\n\nreplace weir.dev/plugin-sdk-go => %q\n", sdk)
	for name, text := range p.files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wasm := []string{"GOOS=wasip1", "GOARCH=wasm"}
	for _, step := range []struct {
		environment []string
		arguments   []string
	}{
		{nil, []string{"vet", "."}},
		{nil, []string{"test", "."}},
		{wasm, []string{"build", "-buildmode=c-shared", "-o", "book.wasm", "."}},
	} {
		command := exec.Command("go", step.arguments...)
		command.Dir = folder
		command.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOPROXY=off", "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0")
		command.Env = append(command.Env, step.environment...)
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", strings.Join(step.arguments, " "), err, output)
		}
	}
	if output, err := exec.Command("gofmt", "-l", folder).CombinedOutput(); err != nil || len(output) > 0 {
		t.Errorf("not as gofmt writes it: %s %v", output, err)
	}
}
