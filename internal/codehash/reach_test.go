package codehash

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each way in which one declaration may depend on another, from firsttoken/m.M: changes of a + in
// what it depends on change the hash, changes of a - in what stands beside it do not.
func TestReach(t *testing.T) {
	const dep, beside = "'+'", "'-'"
	for what, files := range map[string]map[string]string{
		"a function, of another file and of another package": {
			"m.go": "package m\nfunc M() { f() }\nfunc g() int { return '-' }",
			"f.go": "package m\nimport \"firsttoken/p\"\nfunc f() { p.P() }\nvar v = '-'",
			"p.go": "package p\nfunc P() { q() }\nfunc q() int { return '+' }\nfunc Q() int { return '-' }",
		},
		"a method, through a type that no one names": {
			"m.go":       "package m\nimport \"firsttoken/p\"\nfunc M() { p.New().Do() }\nfunc Do() int { return '-' }",
			"p.go":       "package p\nfunc New() *T { return nil }\ntype T struct{}",
			"p_linux.go": "package p\nfunc (t *T) Do() int { return '+' }\ntype U int\nfunc (u U) Do() int { return '-' }",
		},
		"a method that an interface asks for": {
			"m.go": "package m\nimport \"firsttoken/p\"\nvar M = run(p.New())\nfunc run(d interface{ Do() int }) int { return d.Do() }\nfunc f() int { return '-' }",
			"p.go": "package p\ntype Doer interface{ Do() int }\nfunc New() Doer { return t(1) }\ntype t int\nfunc (t) Do() int { return '+' }\nfunc g() { '-' }",
		},
		"an embedded type of another package, generic": {
			"m.go": "package m\nimport \"firsttoken/p\"\ntype M struct{ *p.T[int] }\ntype N struct{ p.U }",
			"p.go": "package p\ntype T[V any] struct{}\nfunc (t *T[V]) Do() { '+' }\ntype U int\nfunc (u U) Do() { '-' }",
		},
		"an embedded interface": {
			"m.go": "package m\nimport \"firsttoken/p\"\ntype M interface{ p.I }",
			"p.go": "package p\ntype I interface{ J }\ntype J interface{ Do() ['+']int }\ntype K interface{ Do() ['-']int }",
		},
		"a type argument, and its constraint": {
			"m.go": "package m\nimport \"firsttoken/p\"\nfunc M() { p.Do[p.T]() }",
			"p.go": "package p\nfunc Do[T C]() {}\ntype C interface{ ~['+']int }\ntype T int\nfunc (T) Run() { '+' }\nfunc E[T D]() { '-' }",
		},
		"an alias of another package's type": {
			"m.go": "package m\nimport \"firsttoken/p\"\ntype A = p.T\nvar M A",
			"p.go": "package p\ntype T int\nfunc (T) Do() { '+' }\nfunc Do() { '-' }",
		},
		"a method declared on an alias": {
			"m.go": "package m\nvar M T\ntype T int\ntype A = *T\nfunc (a A) Do() { '+' }\ntype B = int\nfunc f(b B) { '-' }",
		},
		"a method expression": {
			"m.go": "package m\nimport \"firsttoken/p\"\nvar M = (*p.T).Do",
			"p.go": "package p\ntype T int\nfunc (t *T) Do() { '+' }\nfunc Do() { '-' }",
		},
		"a field of function type": {
			"m.go": "package m\nimport \"firsttoken/p\"\nfunc M() { p.Table[0].F() }",
			"p.go": "package p\ntype row struct{ F func() }\nvar Table = []row{{F: one}}\nfunc one() { '+' }\nfunc two() { '-' }",
		},
		"an initial value": {
			"m.go": "package m\nimport \"firsttoken/p\"\nvar M = p.V",
			"p.go": "package p\nvar V, W = both()\nfunc both() (int, int) { return '+', 1 }\nvar X = '-'",
		},
		"a registry that init fills": {
			"m.go":      "package m\nimport \"firsttoken/p\"\nvar M = p.Get(\"one\")",
			"p.go":      "package p\nvar all = map[string]func(){}\nfunc Get(name string) func() { return all[name] }\nfunc two() { '-' }",
			"p_init.go": "package p\nfunc init() { all[\"one\"] = one }\nfunc one() { '+' }",
		},
		"a registry that variables fill": {
			"m.go": "package m\nimport \"firsttoken/p\"\nvar M = p.Get",
			"p.go": "package p\nimport \"errors\"\nvar Get any\nvar _ = register(one)\nvar Three = register(three)\nfunc register(f any) int { Get = f; return 1 }\n" +
				"func one() { '+' }\nfunc two() { '-' }\nfunc three() { '+' }\nvar errNone = errors.New('-')\nvar _ any = (*T)(nil)\ntype T ['-']int",
		},
		"a package imported for its effect": {
			"m.go": "package m\nfunc M() {}",
			"n.go": "package m\nimport _ \"firsttoken/p\"\nvar N = '-'",
			"p.go": "package p\nfunc init() { one() }\nfunc one() { '+' }\nfunc two() { '-' }",
		},
		"a dot-import": {
			"m.go": "package m\nimport . \"firsttoken/p\"\nfunc M() { P() }",
			"p.go": "package p\nfunc P() { '+' }\nfunc Q() { '-' }",
		},
		"a package that calls itself otherwise": {
			"m.go": "package m\nimport \"firsttoken/p\"\nfunc M() { q.P() }",
			"p.go": "package q\nfunc P() { '+' }\nfunc Q() { '-' }",
		},
		"a name given to an import, and shadowed": {
			"m.go": "package m\nimport x \"firsttoken/p\"\nfunc M() { x.P(); x := y{}; x.Q() }\ntype y int\nfunc (y) Q() { '+' }",
			"p.go": "package p\nfunc P() { '+' }\nfunc R() { '-' }",
		},
		"a variable that shadows an import": {
			"m.go": "package m\nimport \"firsttoken/p\"\nfunc M() { f := p.P; p := f(); p.Q() }",
			"p.go": "package p\nfunc P() T { return T{} }\ntype T int\nfunc (T) Q() { '+' }\nfunc R() { '-' }",
		},
		"a variable that shadows a declaration": {
			"m.go": "package m\nfunc M(a int, o struct{ e int }) { b := b(); c := func(d int) int { return a + b + d + o.e }; c(b) }\n" +
				"func a() { '-' }\nfunc b() { '+' }\nfunc c() { '-' }\nfunc d() { '-' }\nfunc e() { '-' }",
			"n.go": "package m\nfunc a() { '-' }\nfunc b() { '+' }\nfunc c() { '-' }",
		},
		"a key, which may be a field or a value": {
			"m.go": "package m\nvar M = T{k: 1}\ntype T map[int]int\nconst k = '+'\nvar l = '-'",
			"n.go": "package m\nvar k = S{l: f()}\ntype S struct{ l int }\nfunc f() { '+' }\nfunc l() { '-' }",
		},
		"constants that count": {
			"m.go": "package m\nvar M = b\nconst (\n\ta = 1\n\tx = '+'\n\tb = iota\n)\nconst (\n\tc = '-'\n\td = 2\n)",
		},
		"one of a group": {
			"m.go": "package m\nconst (\n\tx = '-'\n\tM = '+'\n\ty = '-'\n)\nvar z = '-'",
		},
		"a declaration of the same name for another system": {
			"m.go": "package m\nvar M = f()", "m_linux.go": "package m\nfunc f() { '+' }",
			"m_other.go": "//go:build !linux\n\npackage m\nfunc f() { '+' }\nfunc g() { '-' }",
		},
		"a build constraint": {
			"m.go": "//go:build foo || '+'\n\npackage m\nvar M = 1\n// '-'\n", "n.go": "//go:build '-'\n\npackage m\nvar N = 1",
		},
		"a directive": {
			"m.go": "package m\nvar a = 1\n\n//go:noinline '+'\nfunc M() {}\n\n//go:noinline '-'\nfunc N() {}",
		},
		"an embedded file": {
			"m.go":    "package m\nimport _ \"embed\"\n\nvar (\n\t//go:embed m_*.txt\n\tM string\n\t//go:embed n.txt\n\tN string\n)",
			"m_1.txt": "'+'", "n.txt": "'-'",
		},
		"cgo": {
			"m.go": "package m\nfunc M() { f() }\n// '-'\n",
			"f.go": "package m\n\n// int x = '+';\nimport \"C\"\n\nfunc f() { C.x() }", "f.c": "int y = '+';", "g.txt": "'-'",
		},
		"a module": {
			"m.go":   "package m\nimport (\n\t\"example.org/go-one/v2\"\n\t\"example.org/two\"\n)\nfunc M() { one.F() }\nfunc N() { two.F() }",
			"go.mod": "module firsttoken\nrequire (\n\texample.org/go-one/v2 v2.0.0'+'\n\texample.org/two v1.0.0'-'\n)\n",
		},
		"a module that calls itself as no one knows": {
			"m.go":   "package m\nimport \"example.org/one\"\nfunc M() { eins.F() }",
			"go.mod": "module firsttoken\nrequire (\n\texample.org/one v1.0.0'+'\n\texample.org/two v1.0.0'-'\n)\n",
		},
	} {
		t.Run(what, func(t *testing.T) {
			placed := map[string]string{"go.mod": "module firsttoken\n"}
			for name, text := range files {
				switch {
				case name == "go.mod":
				case strings.HasPrefix(name, "p"):
					name = "p/" + name
				default:
					name = "m/" + name
				}
				placed[name] = text
			}
			root := checkout(t, placed)
			before, err := Of("firsttoken/m.M")
			require.NoError(t, err)
			tried := map[string]int{}
			for name, text := range placed {
				for _, mark := range []string{dep, beside} {
					for i := range strings.Count(text, mark) {
						parts := strings.SplitAfterN(text, mark, i+2)
						last := len(parts) - 2
						parts[last] = strings.TrimSuffix(parts[last], mark) + "'x'"
						put(t, root, name, strings.Join(parts, ""))
						after, err := Of("firsttoken/m.M")
						require.NoError(t, err)
						require.Equal(t, mark == dep, before != after, "%s: %s", name, parts[last])
						put(t, root, name, text)
						tried[mark]++
					}
				}
			}
			require.NotZero(t, tried[dep])
			require.NotZero(t, tried[beside])
		})
	}
	root := checkout(t, map[string]string{"go.mod": "module firsttoken\n", "m/m.go": "package m\nimport \"math/rand\"\nvar M = rand.Int()\n"})
	before, err := Of("firsttoken/m.M")
	require.NoError(t, err)
	put(t, root, "m/m.go", "package m\nimport \"math/rand/v2\"\nvar M = rand.Int()\n")
	after, err := Of("firsttoken/m.M")
	require.NoError(t, err)
	require.NotEqual(t, before, after, "another import of the same name")
	all, err := List("firsttoken/m.M")
	require.NoError(t, err)
	require.Equal(t, []string{"firsttoken/m.M"}, all)
}
