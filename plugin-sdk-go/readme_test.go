package weir_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the READMEs show must stand in an example, so that it is compiled and tested.
func TestSnippetsStandInTheExamples(t *testing.T) {
	var code strings.Builder
	err := filepath.WalkDir("examples", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") {
			text, _ := os.ReadFile(path)
			code.Write(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, file := range []string{"README.md", "deepflow/README.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(text), "```go\n")[1:] {
			snippet, _, _ := strings.Cut(block, "```")
			if count++; !strings.Contains(code.String(), snippet) {
				t.Errorf("%s: no example has\n%s", file, snippet)
			}
		}
	}
	if count < 5 {
		t.Error("the READMEs have lost their snippets")
	}
}
