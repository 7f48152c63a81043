package payload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// What the scanner calls an object must be one to the standard library, and the other way round.
func TestIsObjectAgreesWithTheStandardLibrary(t *testing.T) {
	texts := []string{
		`{}`, ` { } `, `{"a":1}`, `{"a":-0.5e+10,"b":[true,false,null,{"c":"\u00e4\ud83d\ude00"}]}`,
		`{"a":{"b":{"c":[[],[[]],{}]}}}`, "{\"a\"\n:\t\"x\"\r,\"\":[]}", `{"a":"\"\\\/\b\f\n\r\t"}`,
		``, ` `, `[]`, `"a"`, `1`, `{`, `}`, `{]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{"a":1 "b":2}`, `{"a":1}}`, `{"a":1} x`,
		`{"a":01}`, `{"a":1.}`, `{"a":.5}`, `{"a":+1}`, `{"a":1e}`, `{"a":-}`, `{"a":tru}`, `{"a":nulll}`, `{"a":"\x"}`, `{"a":"\u12g4"}`,
		`{"a":[1,]}`, `{"a":[1}`, `{"a":{]}}`, `{"a":[1 2]}`, "{\"a\":\"\n\"}", `{'a':1}`, `{a:1}`, `{"a":"`, `{"a":"\`, `{"a":"\u`, `{"a":[`,
		`{"a":[{"b":1},{"c":2},[3]],"d":"}"}`, `{"a":"{\"b\":1}"}`,
	}
	for _, text := range texts {
		var object map[string]any
		want := json.Unmarshal([]byte(text), &object) == nil && object != nil
		if got := IsObject([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
		for cut := range text {
			IsObject([]byte(text[:cut]))
		}
	}
	deep := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	if !IsObject([]byte(deep(jsonDepth))) || IsObject([]byte(deep(jsonDepth+1))) {
		t.Error("values are read to the limit of their depth")
	}
}

// Damaged texts: never a panic, and never another opinion than the standard library's.
func FuzzIsObject(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"\u00e4"}],"c":-1.5e3,"d":null}`))
	f.Add([]byte(`{"a":"\ud800"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		want := json.Valid(text) && bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{"))
		deep := bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > jsonDepth
		if got := IsObject(text); got != want && !deep {
			t.Errorf("%q: %v", text, got)
		}
		members := Object(text)
		for members.Next() {
			JsonText(members.Value(), nil)
			IsKey(members.Key(), "a")
		}
		FormValue(text, "a")
	})
}

func TestMembers(t *testing.T) {
	text := []byte(` {"id" : "7", "n":-1.5, "o":{"id":"inner"}, "\u0069d":"8", "t":true, "x":"a\"b\ud83d\ude00\ud800c" } `)
	value, found := Member(text, "id")
	if !found || string(value) != `"8"` {
		t.Errorf("the last one, escaped or not, counts: %q", value)
	}
	for name, want := range map[string]string{"n": "-1.5", "t": "true", "x": "a\"b😀\ufffdc"} {
		value, _ := Member(text, name)
		if got, ok := JsonText(value, nil); !ok || string(got) != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if value, _ := Member(text, "o"); string(value) != `{"id":"inner"}` {
		t.Errorf("an object: %q", value)
	}
	if value, ok := Member([]byte(`{"id":"7","cut":"of`), "id"); !ok || string(value) != `"7"` {
		t.Error("what stands before a cut is there")
	}
	if _, ok := Member([]byte(`{"id":"7`), "id"); ok {
		t.Error("half a value is none")
	}
	if _, ok := Member([]byte(`["id"]`), "id"); ok {
		t.Error("an array has no members")
	}
}

func TestForm(t *testing.T) {
	for _, c := range []struct{ form, name, want string }{
		{"a=1&b=2", "b", "2"},
		{"a=1&a=2", "a", "1"},
		{"a=", "a", ""},
		{"x&a=1=2", "a", "1=2"},
		{"%61=x", "a", "x"},
		{"a=%e4%B8%ad+b%", "a", "中 b%"},
		{"a=%4", "a", "%4"},
		{"a=%zz%41", "a", "%zzA"},
	} {
		value, found := FormValue([]byte(c.form), c.name)
		if got := string(FormText(value, nil)); !found || got != c.want {
			t.Errorf("%s: %q", c.form, got)
		}
	}
	for _, form := range []string{"", "&", "=", "a", "aa=1", "b=a=1"} {
		if _, found := FormValue([]byte(form), "a"); found {
			t.Errorf("%q has no a", form)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	text := []byte(`{"a":{"b":[1,2,3]},"\u0069d":"8","x":"plain"}`)
	if n := testing.AllocsPerRun(100, func() {
		value, _ := Member(text, "id")
		JsonText(value, nil)
		FormValue([]byte("b=1&%61=x"), "a")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleObject() {
	members := Object([]byte(`{"id": 7, "name": "a\tb"}`))
	for members.Next() {
		text, _ := JsonText(members.Value(), nil)
		fmt.Printf("%s %q\n", members.Key(), text)
	}
	// Output:
	// "id" "7"
	// "name" "a\tb"
}
