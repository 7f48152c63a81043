package json

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func names(text string) (told []string, end End) {
	members := Object([]byte(text))
	for members.Next() {
		told = append(told, string(members.Name().Decode(new([]byte))))
	}
	return told, members.End()
}

func TestEachKindOfValue(t *testing.T) {
	text := "\ufeff { \"a\" : \"x\" ,\n\"b\":-1.5e+3,\"c\":true,\"d\":null,\"e\":{\"a\":[\"}\"]},\"f\":[[],{}] } \r\n"
	var told []string
	members := Object([]byte(text))
	for members.Next() {
		value := members.Value()
		told = append(told, fmt.Sprintf("%s %d %s", members.Name().Raw(), value.Kind, value.Raw))
	}
	want := `[a 1 x b 2 -1.5e+3 c 2 true d 3 null e 4 {"a":["}"]} f 4 [[],{}]]`
	if fmt.Sprint(told) != want || members.End() != Whole {
		t.Error(told, members.End())
	}
	if told, end := names("{}"); told != nil || end != Whole {
		t.Error(told, end)
	}
}

func TestEscapes(t *testing.T) {
	for raw, meant := range map[string]string{
		`\u0041\n\t\/\\\u00e9`: "A\n\t/\\\u00e9",
		`\ud83d\ude00!`:        "\U0001f600!",
		`\ud83d`:               "\ufffd",
		`\ud83d\u0041`:         "\ufffdA",
		`\ude00\ud83d\ude00`:   "\ufffd\U0001f600",
		`\uzzzz`:               "\ufffdzzzz",
		`\u12`:                 "\ufffd12",
		`\x`:                   "\ufffd",
		"no escape":            "no escape",
		"":                     "",
	} {
		text := Text{[]byte(raw)}
		if got := string(text.Decode(new([]byte))); got != meant {
			t.Errorf("%s: %q", raw, got)
		}
		if !text.Is(meant) || text.Is(meant+"x") || text.Is("other") || (meant != "" && text.Is(meant[:len(meant)-1])) {
			t.Errorf("%s is not %q", raw, meant)
		}
	}
}

func TestTheLastOfANameCountsAndOnlyTheTop(t *testing.T) {
	found := make([]Value, 4)
	end := Find([]byte(`{"\u0061":1,"b":{"a":2,"c":3},"a":4,"b":null,"d":"x"}`), []string{"a", "b", "c", "d"}, found)
	if end != Whole || string(found[0].Raw) != "4" || found[1].Kind != Absent || found[2].Kind != Absent || !found[3].Text().Is("x") {
		t.Error(end, found)
	}
}

func TestAnyCutIsSeen(t *testing.T) {
	text := `{"first":"a\"b\u00e9","second":{"x":[1,"]"]},"third":12,"fourth":null }`
	whole, end := names(text)
	if len(whole) != 4 || end != Whole {
		t.Fatal(whole, end)
	}
	for length := range text {
		told, end := names(text[:length])
		if end != Cut || !strings.HasPrefix(fmt.Sprint(whole), strings.TrimSuffix(fmt.Sprint(told), "]")) {
			t.Errorf("%s: %v %d", text[:length], told, end)
		}
	}
}

func TestWhatIsNoObject(t *testing.T) {
	for text, front := range map[string]int{
		"[1]": 0, `"a"`: 0, "12": 0, "<html>": 0, "{} x": 0, "{a:1}": 0, "{'a':1}": 0, "{,}": 0, `{"a"}`: 0, `{"a":}`: 0, `{"a":nul}`: 0,
		`{"a":yes}`: 0, `{"a":1 "b":2}`: 1, `{"a":1,}`: 1, `{"a":1,,"b":2}`: 1, `{"a":1}}`: 1, `{"a":[}`: 0, `{"a":{]}`: 0, `{"a":1;}`: 1,
	} {
		if told, end := names(text); len(told) != front || end != Bad {
			t.Errorf("%s: %v %d", text, told, end)
		}
	}
}

func TestDepthHasALimit(t *testing.T) {
	deep := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `,"b":1}` }
	if told, end := names(deep(DepthLimit)); len(told) != 2 || end != Whole {
		t.Error(told, end)
	}
	if told, end := names(deep(DepthLimit + 1)); told != nil || end != Bad {
		t.Error(told, end)
	}
}

// Every whole object of the standard library is one here, with the same names and texts; no input panics.
func FuzzObject(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"\u00e4"}],"c":-1.5e3,"d":null}`))
	f.Add([]byte("\xef\xbb\xbf{\"a\":\"\\ud800\\x\"}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		last := map[string]Value{}
		members := Object(text)
		for members.Next() {
			name := string(members.Name().Decode(new([]byte)))
			if !members.Name().Is(name) {
				t.Errorf("%q is not %q", members.Name().Raw(), name)
			}
			last[name] = members.Value()
		}
		var object map[string]any
		deep := bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > DepthLimit
		if json.Unmarshal(text, &object) != nil || object == nil || deep {
			return
		}
		if members.End() != Whole {
			t.Fatalf("%q: %d", text, members.End())
		}
		for name, value := range object {
			meant, ours := value, last[name]
			if text, isText := meant.(string); isText && !strings.ContainsRune(text+name, '\ufffd') && !ours.Text().Is(text) {
				t.Errorf("%q: %q", text, ours.Raw)
			}
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	text := []byte(`{"a":{"b":[1,2,3]},"\u0069d":"8","x":"plain"}`)
	found, list, buffer := make([]Value, 2), []string{"id", "x"}, make([]byte, 64)
	if n := testing.AllocsPerRun(100, func() {
		Find(text, list, found)
		found[0].Text().Decode(&buffer)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleObject() {
	members := Object([]byte(`{"id": 7, "name": "a\tb"}`))
	for members.Next() {
		fmt.Printf("%s %q\n", members.Name().Raw(), members.Value().Raw)
	}
	// Output:
	// id "7"
	// name "a\\tb"
}
