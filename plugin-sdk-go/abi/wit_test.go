package abi

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// definition is a record, enum or variant of the WIT: its fields or cases in order.
type definition struct {
	kind  string
	names []string
	types []string
}

// wit reads as much of the language as the contract uses.
type wit map[string]definition

var (
	comments = regexp.MustCompile(`//[^\n]*`)
	blocks   = regexp.MustCompile(`(?s)\b(record|enum|variant)\s+([a-z0-9-]+)\s*\{([^}]*)\}`)
	aliases  = regexp.MustCompile(`\btype\s+([a-z0-9-]+)\s*=\s*([a-z0-9-]+);`)
)

func readWit(t *testing.T) wit {
	t.Helper()
	files, err := filepath.Glob("../../wit/v0.1/*.wit")
	if err != nil || len(files) == 0 {
		t.Fatal("no WIT files", err)
	}
	found := wit{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		plain := comments.ReplaceAllString(string(text), "")
		for _, alias := range aliases.FindAllStringSubmatch(plain, -1) {
			found[alias[1]] = definition{kind: "alias", types: []string{alias[2]}}
		}
		for _, block := range blocks.FindAllStringSubmatch(plain, -1) {
			found[block[2]] = members(block[1], block[3])
		}
	}
	return found
}

func members(kind, body string) definition {
	d := definition{kind: kind}
	for _, member := range strings.Split(body, ",") {
		member = strings.TrimSpace(member)
		if member == "" {
			continue
		}
		name, ty, _ := strings.Cut(member, ":")
		if kind == "variant" {
			name, ty, _ = strings.Cut(strings.TrimSuffix(member, ")"), "(")
		}
		d.names = append(d.names, strings.TrimSpace(name))
		d.types = append(d.types, strings.TrimSpace(ty))
	}
	return d
}

// layout gives size and alignment by the rules of the canonical ABI.
func (w wit) layout(t *testing.T, ty string) (size, align uintptr) {
	t.Helper()
	switch ty {
	case "bool", "u8":
		return 1, 1
	case "u16":
		return 2, 2
	case "u32":
		return 4, 4
	case "u64", "s64":
		return 8, 8
	case "string":
		return 8, 4
	}
	if strings.HasPrefix(ty, "list<") {
		return 8, 4
	}
	if inside, ok := strings.CutPrefix(ty, "option<"); ok {
		return w.cases(t, []string{"", strings.TrimSuffix(inside, ">")})
	}
	d, ok := w[ty]
	if !ok {
		t.Fatalf("no type %q in the WIT", ty)
	}
	switch d.kind {
	case "alias":
		return w.layout(t, d.types[0])
	case "enum":
		return 1, 1
	case "variant":
		return w.cases(t, d.types)
	}
	offsets, size, align := w.record(t, d.types)
	_ = offsets
	return size, align
}

func (w wit) cases(t *testing.T, types []string) (size, align uintptr) {
	align = 1
	for _, ty := range types {
		if ty != "" {
			s, a := w.layout(t, ty)
			size, align = max(size, s), max(align, a)
		}
	}
	return round(round(1, align)+size, align), align
}

func (w wit) record(t *testing.T, types []string) (offsets []uintptr, size, align uintptr) {
	align = 1
	for _, ty := range types {
		s, a := w.layout(t, ty)
		size = round(size, a)
		offsets = append(offsets, size)
		size += s
		align = max(align, a)
	}
	return offsets, round(size, align), align
}

func round(n, align uintptr) uintptr { return (n + align - 1) / align * align }

// same compares a struct with a record of the WIT, name by name.
func (w wit) same(t *testing.T, record string, value any) {
	t.Helper()
	ty := reflect.TypeOf(value)
	size, _ := w.layout(t, record)
	if ty.Size() != size {
		t.Errorf("%s: size %d, the WIT says %d", record, ty.Size(), size)
	}
	offsets, _, _ := w.record(t, w[record].types)
	for i, name := range w[record].names {
		field, ok := ty.FieldByNameFunc(func(n string) bool { return strings.EqualFold(n, strings.ReplaceAll(name, "-", "")) })
		if name == "address" { // `endpoint.address` is told as its two halves
			field, ok = ty.FieldByName("High")
		}
		if name == "correlation" { // an option: the flag comes first
			field, ok = ty.FieldByName("HasCorrelation")
		}
		if name == "bytes" && record == "piece" {
			field, ok = ty.FieldByName("Value")
		}
		if !ok {
			t.Errorf("%s has no field for %s", ty, name)
			continue
		}
		if field.Offset != offsets[i] {
			t.Errorf("%s.%s: offset %d, the WIT says %d", record, name, field.Offset, offsets[i])
		}
	}
}

func TestRecords(t *testing.T) {
	w := readWit(t)
	w.same(t, "flow", Flow{})
	w.same(t, "endpoint", Endpoint{})
	w.same(t, "slice", Slice{})
	w.same(t, "message", Message{})
	w.same(t, "field", Field{})
	w.same(t, "attribute", Attribute{})
	w.same(t, "progress", Progress{})
	w.same(t, "piece", Piece{})
	w.same(t, "subject", Subject{})
	w.same(t, "known-attribute", KnownAttribute{})
	w.same(t, "patch", Patch{})
	w.same(t, "patches", Patches{})
	w.same(t, "outcome", Outcome{})
	w.same(t, "interest", Interest{})
	w.same(t, "about", About{})
	w.same(t, "manifest", Manifest{})
	w.same(t, "signature", Signature{})
}

func TestVariants(t *testing.T) {
	w := readWit(t)
	if size, _ := w.layout(t, "stream-event"); size != reflect.TypeOf(StreamEvent{}).Size() {
		t.Errorf("stream-event: %d bytes", size)
	}
	if size, _ := w.layout(t, "value"); size != reflect.TypeOf(Value{}).Size() {
		t.Errorf("value: %d bytes", size)
	}
	// What `data` and `gap` hold stands behind the case, at 8.
	ours := []string{"Connection", "Direction", "Offset", "Length", "Position", "TimeOrBytes"}
	for _, name := range []string{"data", "gap"} {
		offsets, _, _ := w.record(t, w[name].types)
		for i, field := range ours {
			f, _ := reflect.TypeOf(StreamEvent{}).FieldByName(field)
			if f.Offset != offsets[i]+8 {
				t.Errorf("%s.%s: offset %d, the WIT says %d", name, w[name].names[i], f.Offset, offsets[i]+8)
			}
		}
	}
	at := reflect.TypeOf(Message{})
	flag, _ := at.FieldByName("HasCorrelation")
	number, _ := at.FieldByName("Correlation")
	if number.Offset != flag.Offset+8 {
		t.Error("option<u64>: the number stands eight bytes behind the flag")
	}
}

func TestCasesInOrder(t *testing.T) {
	w := readWit(t)
	for name, cases := range map[string][]string{
		"stream-event": {"opened", "data", "gap", "closed"},
		"value":        {"slice", "owned", "number"},
		"state":        {"going", "violation", "finished", "upgraded"},
	} {
		if fmt.Sprint(w[name].names) != fmt.Sprint(cases) {
			t.Errorf("%s: %v, here %v", name, w[name].names, cases)
		}
	}
}
