package weirtest

import weir "weir.dev/plugin-sdk-go"

// HookMutations shows a hook seeded mutations of subjects (changed, lost, repeated bytes in texts, heads and bodies): nothing may panic.
func HookMutations(observer *weir.Observer, subjects []Subject, rounds int) {
	for seed := 1; seed <= rounds; seed++ {
		random := Random(uint64(seed) * 0x9e37_79b9_7f4a_7c15)
		damaged := make([]Subject, len(subjects))
		for i := range subjects {
			damaged[i] = subjects[i].damaged(&random)
		}
		Observe(observer, damaged...)
	}
}

func (s Subject) damaged(random *Random) Subject {
	text := func(text string) string {
		for range random.Below(4) {
			text = string(random.Damage([]byte(text)))
		}
		return text
	}
	value := func(v any) any {
		if held, ok := v.(string); ok {
			return text(held)
		}
		return int64(random.Next())
	}
	s.Protocol, s.Head, s.Body, s.Cut = text(s.Protocol), text(s.Head), text(s.Body), random.Below(2) == 0
	fields, attributes := s.Fields, s.Attributes
	s.Fields, s.Attributes = nil, nil
	for _, field := range fields {
		s.Fields = append(s.Fields, FieldValue{field.Name, value(field.Value)})
	}
	for _, attribute := range attributes {
		s.Attributes = append(s.Attributes, AttributeValue{text(attribute.Key), value(attribute.Value)})
	}
	return s
}
