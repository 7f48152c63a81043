package weir

import "weir.dev/plugin-sdk-go/abi"

// Patches are the lists of one answer of a hook. They are kept from call to call.
type Patches struct {
	Patches []abi.Patch
	// Fields and Attributes: owned values hold offsets into Owned until Place turns them into addresses.
	Fields     []abi.Field
	Attributes []abi.Attribute
	// Owned are the bytes that owned values refer to.
	Owned []byte

	arena []byte
}

func newPatches() Patches {
	return Patches{
		Patches:    make([]abi.Patch, 0, roomAtStart),
		Fields:     make([]abi.Field, 0, roomAtStart),
		Attributes: make([]abi.Attribute, 0, roomAtStart),
		Owned:      make([]byte, 0, 16<<10),
	}
}

func (p *Patches) begin(arena []byte) {
	p.Patches = p.Patches[:0]
	p.Fields = p.Fields[:0]
	p.Attributes = p.Attributes[:0]
	p.Owned = p.Owned[:0]
	p.arena = arena
}

// Place adds the address of the owned texts to every value that refers to one.
func (p *Patches) Place(base uint32) {
	if len(p.Owned) > 0 {
		placeFields(p.Fields, base)
		placeAttributes(p.Attributes, base)
	}
}

func (p *Patches) value(text []byte) abi.Value { return placeText(p.arena, &p.Owned, text) }

// Patch takes the changes of one subject. A field or attribute set replaces what was there. FieldTraceId may be set several times: the
// first is the session's, the others go on as attributes.
type Patch struct {
	lists  *Patches
	record abi.Patch
}

// Text sets a field to a text: free of copies when it is a piece of the subject; a copy is cut at TextLimit. An empty text removes the field.
func (p *Patch) Text(field Field, text []byte) *Patch { return p.field(field, p.lists.value(text)) }

// String sets a field to a text that is no piece of the subject.
func (p *Patch) String(field Field, text string) *Patch {
	return p.field(field, ownString(&p.lists.Owned, text))
}

// Number sets a field to a number.
func (p *Patch) Number(field Field, number int64) *Patch {
	return p.field(field, abi.Value{Case: abi.ValueNumber, Bits: uint64(number)})
}

// Remove removes a field.
func (p *Patch) Remove(field Field) *Patch { return p.Text(field, nil) }

func (p *Patch) field(field Field, value abi.Value) *Patch {
	p.record.Fields++
	p.lists.Fields = append(p.lists.Fields, abi.Field{Name: uint8(field), Value: value})
	return p
}

// Attribute sets an attribute. An empty text removes it.
func (p *Patch) Attribute(key string, value []byte) *Patch {
	p.record.Attributes++
	p.lists.Attributes = append(p.lists.Attributes, attribute(&p.lists.Owned, key, p.lists.value(value)))
	return p
}

// RemoveAttribute removes an attribute.
func (p *Patch) RemoveAttribute(key string) *Patch { return p.Attribute(key, nil) }

// Status sets how the session went.
func (p *Patch) Status(status Status) *Patch {
	p.record.Status = uint8(status)
	return p
}

// isChange: the host must hear of it.
func (p *Patch) isChange() bool {
	r := &p.record
	return r.Fields > 0 || r.Attributes > 0 || r.Status != 0 || r.Action != 0
}
