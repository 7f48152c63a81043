package weirtest

import (
	"strconv"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/abi"
)

// values reads what an answer refers to.
type values struct{ arena, owned []byte }

func (v values) text(value abi.Value) string {
	offset, length := uint64(uint32(value.Bits)), value.Bits>>32
	switch value.Case {
	case abi.ValueSlice:
		return string(v.arena[offset : offset+length])
	case abi.ValueOwned:
		return string(v.owned[offset : offset+length])
	}
	return strconv.FormatInt(int64(value.Bits), 10)
}

func (v values) fields(raw []abi.Field) (fields []FieldText) {
	for _, field := range raw {
		fields = append(fields, FieldText{weir.Field(field.Name), v.text(field.Value)})
	}
	return fields
}

func (v values) attributes(raw []abi.Attribute) (attributes []AttributeText) {
	for _, attribute := range raw {
		key := string(v.owned[attribute.Key : attribute.Key+attribute.KeyLength])
		attributes = append(attributes, AttributeText{key, v.text(attribute.Value)})
	}
	return attributes
}

func lastField(fields []FieldText, name weir.Field) string {
	for i := len(fields) - 1; i >= 0; i-- {
		if fields[i].Name == name {
			return fields[i].Text
		}
	}
	return ""
}

func lastAttribute(attributes []AttributeText, key string) string {
	for i := len(attributes) - 1; i >= 0; i-- {
		if attributes[i].Key == key {
			return attributes[i].Text
		}
	}
	return ""
}
