package a

# What a format may take for its own syntax, in messages, terms, codes and further members of results.
import rego.v1

long := concat(" ", [x | some i in numbers.range(1, 60); x := sprintf("wörd%d", [i])])

# METADATA
# title: Title with <b>&amp;</b> "quotes" 'single'
# description: |-
#   First line
#   second line with tab	and trailing
#
#   after empty
# custom:
#   short_name: r1
#   failure_msg: x
#   solution: "Do <this> & that"
#   collections: [c1]
#   depends_on: []
deny contains result if {
	some r in [
		{"code": "a.r1", "msg": "plain <&> \"q\" 'a' ` ~ \\ / %s %d", "term": "t<&>"},
		{"code": "a.r1", "msg": "line1\nline2\n\nline4\n", "term": "x\ny"},
		{"code": "a.r1", "msg": "  leading and trailing  ", "term": ""},
		{"code": "a.r1", "msg": "", "term": "emptymsg"},
		{"code": "a.r1", "msg": "tab\tcr\rff", "term": ["a", "b,c", ""]},
		{"code": "a.r1", "msg": "日本語テキスト 😀 é e\u0301 \u200b", "term": []},
		{"code": "a.r1", "msg": long, "term": "long"},
		{"code": "a.r1", "msg": "日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語", "term": "cjk"},
		{"code": "a.r1", "msg": "]]> ]] <![CDATA[ x", "term": "cdata"},
		{"code": "a.r1", "msg": "yes", "term": "no"},
		{"code": "a.r1", "msg": "2024-01-01", "term": "0x1F"},
		{"code": "a.r1", "msg": "1e3", "term": "null"},
		{"code": "a.r1", "msg": "- item: x #c", "term": "~"},
		{"code": "a.r1", "msg": "{{ .Foo }} ${HOME} $(id) %!s", "term": "{{"},
		{"code": "a.r1", "msg": "| table | cell |", "term": ":x:"},
		{"code": "a.r1", "msg": "num", "num": 1.50, "big": 12345678901234567890, "neg": -0.0, "exp": 1e21, "small": 1e-7, "nested": {"b": [1, null, true, {"x": "<"}], "a": {}}, "nul": null, "bool": false, "emptyl": []},
		{"code": "a.r1", "msg": "eff", "effective_on": "2020-01-01T00:00:00Z", "term": "eff"},
		{"code": "a.r1", "msg": "a b\u00a0c\u2003d\u3000e"},
		{"code": "other.code:with:colons", "msg": "c"},
		{"code": "", "msg": "emptycode"},
		{"code": "a.r1 <&\"'>", "msg": "odd code"},
	]
	result := r
}

warn contains result if {
	some r in [
		{"code": "a.w1", "msg": "w1", "term": "z"},
		{"code": "a.w1", "msg": "w2 <&>", "term": "z"},
		{"msg": "nocode"},
		{"code": "a.w2", "msg": "future", "effective_on": "2099-01-01T00:00:00Z"},
	]
	result := r
}

# METADATA
# title: Passes <ok>
# custom:
#   short_name: ok
deny contains result if {
	false
	result := {"code": "a.ok", "msg": "never"}
}
