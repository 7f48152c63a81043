package main

import (
	"strings"
	"testing"
	"time"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/internal/cases"
	"weir.dev/plugin-sdk-go/weirtest"
)

func TestCases(t *testing.T) {
	cases.Run(t, "redact", func() *weir.Observer { return weir.ObserveSessions(&Redact{}) })
}

func observe(t *testing.T, config map[string]string, subjects ...weirtest.Subject) []weirtest.Patch {
	t.Helper()
	weir.SetConfig(config)
	defer weir.SetConfig(nil)
	hook := weir.ObserveSessions(&Redact{})
	if !hook.Wanted().Required {
		t.Error("nothing passes unseen")
	}
	return weirtest.Observe(hook, subjects...)
}

func field(name weir.Field, text string) weirtest.Subject {
	return weirtest.Subject{Protocol: "HTTP", Fields: []weirtest.FieldValue{{Name: name, Value: text}}}
}

func TestNamesOfTheConfiguration(t *testing.T) {
	subject := field(weir.FieldRequestResource, "/x?card_pin=1&iban=2&PIN=3&pinned=4&password=5")
	subject.Attributes = []weirtest.AttributeValue{{Key: "Iban", Value: "DE0"}}
	told := observe(t, map[string]string{"keys": " pin , I-BAN,, "}, subject)[0]
	if got := told.Text(weir.FieldRequestResource); got != "/x?card_pin=***&iban=***&PIN=***&pinned=4&password=***" {
		t.Error(got)
	}
	if told.Attribute("Iban") != "***" {
		t.Error(told)
	}
}

func TestEveryTextButIds(t *testing.T) {
	subject := weirtest.Subject{Protocol: "HTTP"}
	for name := weir.FieldRequestType; name <= weir.FieldBizProtocol; name++ {
		subject.Fields = append(subject.Fields, weirtest.FieldValue{Name: name, Value: "4111111111111111"})
	}
	for _, told := range observe(t, nil, subject, subject) {
		if len(told.Fields) != len(subject.Fields)-5 {
			t.Error(told)
		}
		for _, field := range told.Fields {
			if field.Text != hidden || isId(field.Name) {
				t.Error(field)
			}
		}
	}
}

func TestTheSameAgainChangesNothing(t *testing.T) {
	text := `p?password=x&c=4111 1111 1111 1111 {"token":"a"} http://u:p@h/`
	first := observe(t, nil, field(weir.FieldResponseResult, text))[0].Text(weir.FieldResponseResult)
	if first != `p?password=***&c=*** {"token":"***"} http://u:***@h/` {
		t.Error(first)
	}
	if again := observe(t, nil, field(weir.FieldResponseResult, first))[0]; again.Fields != nil {
		t.Error(again)
	}
}

// No panic, and time in proportion to the length.
func TestHostileTexts(t *testing.T) {
	for _, seed := range []string{
		"password='\\\\' $a$ 'x' \"token\\\":\\\"a\\\\\\\" 4111-1111-1111-1111 /* -- # 0x1e-5 ://u:p@h",
		"password=", "\"", "'", "://", "1 ", "$a", "\\", "a:", "/*!", "é4", "=\\\"",
	} {
		random := weirtest.Random(len(seed))
		for range 500 {
			text := random.Damage(random.Damage([]byte(strings.Repeat(seed, 3))))
			for _, protocol := range []string{"MySQL", "PostgreSQL"} {
				subject := field(weir.FieldRequestResource, string(text))
				subject.Protocol = protocol
				observe(t, map[string]string{"sql-literals": "true"}, subject)
			}
		}
		long := field(weir.FieldRequestResource, strings.Repeat(seed, 1<<20/len(seed)))
		start := time.Now()
		observe(t, map[string]string{"sql-literals": "true"}, long)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q: %v for 1 MiB", seed, took)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	r := &Redact{}
	r.Wanted()
	text := []byte("p?password=x&c=4111 1111 1111 1111")
	if n := testing.AllocsPerRun(100, func() { r.text(text, sqlMySql) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
