package weirtest

import (
	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/abi"
)

// Subject is a made-up subject of a hook.
type Subject struct {
	Protocol    string
	Direction   weir.Direction
	Status      weir.SessionStatus
	SessionType weir.SessionType
	FlowId      uint64
	// Time and Duration in nanoseconds.
	Time, Duration uint64
	// Fields and Attributes: values are strings, or int64 for numbers.
	Fields     []FieldValue
	Attributes []AttributeValue
	Head, Body string
	Cut        bool
}

// FieldValue is a field of a subject: a string or an int64.
type FieldValue struct {
	Name  weir.Field
	Value any
}

// AttributeValue is an attribute of a subject: a string or an int64.
type AttributeValue struct {
	Key   string
	Value any
}

// Patch is what a hook said of one subject. The zero value changes nothing.
type Patch struct {
	Action     weir.Action
	Status     weir.Status
	Fields     []FieldText
	Attributes []AttributeText
}

// Text is the last value of a field; empty when it was not set, or removed.
func (p *Patch) Text(field weir.Field) string { return lastField(p.Fields, field) }

// Attribute is the last value of an attribute.
func (p *Patch) Attribute(key string) string { return lastAttribute(p.Attributes, key) }

// Observe shows subjects to a hook in one call, as the host does, and gives one patch for each.
func Observe(observer *weir.Observer, subjects ...Subject) []Patch {
	var b batch
	for i := range subjects {
		b.add(&subjects[i])
	}
	lists := observer.Observe(b.arena, b.subjects, b.fields, b.attributes)
	r := values{arena: b.arena, owned: lists.Owned}
	patches := make([]Patch, len(subjects))
	fields, attributes := lists.Fields, lists.Attributes
	for i, raw := range lists.Patches {
		if i > 0 && raw.Subject <= lists.Patches[i-1].Subject {
			panic("patches are not in the order of subjects")
		}
		patch := &patches[raw.Subject]
		patch.Action, patch.Status = weir.Action(raw.Action), weir.Status(raw.Status)
		patch.Fields, fields = r.fields(fields[:raw.Fields]), fields[raw.Fields:]
		patch.Attributes, attributes = r.attributes(attributes[:raw.Attributes]), attributes[raw.Attributes:]
	}
	if len(fields)+len(attributes) > 0 {
		panic("entries that belong to no patch")
	}
	return patches
}

// batch is the arguments of one call of a hook.
type batch struct {
	arena      []byte
	subjects   []abi.Subject
	fields     []abi.Field
	attributes []abi.KnownAttribute
}

func (b *batch) add(s *Subject) {
	b.subjects = append(b.subjects, abi.Subject{
		Protocol: b.text(s.Protocol), Client: endpoint(1, 40_000), Server: endpoint(2, 80),
		FlowID: s.FlowId, Time: s.Time, Duration: s.Duration, Head: b.text(s.Head), Body: b.text(s.Body),
		Fields: uint16(len(s.Fields)), Attributes: uint16(len(s.Attributes)),
		Direction: uint8(s.Direction), Status: uint8(s.Status), SessionType: uint8(s.SessionType), Cut: flag(s.Cut),
	})
	for _, field := range s.Fields {
		b.fields = append(b.fields, abi.Field{Name: uint8(field.Name), Value: b.value(field.Value)})
	}
	for _, attribute := range s.Attributes {
		known := abi.KnownAttribute{Key: b.text(attribute.Key), Value: b.value(attribute.Value)}
		b.attributes = append(b.attributes, known)
	}
}

func (b *batch) text(text string) abi.Slice {
	at := len(b.arena)
	b.arena = append(b.arena, text...)
	return abi.Slice{Offset: uint32(at), Length: uint32(len(text))}
}

func (b *batch) value(value any) abi.Value {
	if number, ok := value.(int64); ok {
		return abi.Value{Case: abi.ValueNumber, Bits: uint64(number)}
	}
	text := b.text(value.(string))
	return abi.Value{Case: abi.ValueSlice, Bits: uint64(text.Offset) | uint64(text.Length)<<32}
}
