// Package docker has the image of the toolkit and the manifest of a sweep on Kubernetes. What they say of the rest of the checkout
// is tested here; that the image builds and runs is not.
package docker

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"firsttoken/train"
)

// The image's Go is the one go.mod asks for, in its newest release.
func TestGoOfTheImage(t *testing.T) {
	module, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	image, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	wanted := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	has := regexp.MustCompile(`(?m)^ARG GO=(\S+)$`).FindSubmatch(image)
	require.NotNil(t, wanted)
	require.NotNil(t, has)
	require.Equal(t, string(wanted[1]), string(has[1]))
}

// Folders that git does not keep stay out of the image.
func TestContextOfTheImage(t *testing.T) {
	left, err := os.ReadFile("../.dockerignore")
	require.NoError(t, err)
	ignored, err := os.ReadFile("../.gitignore")
	require.NoError(t, err)
	folders := regexp.MustCompile(`(?m)^/(.+)/$`).FindAllStringSubmatch(string(ignored), -1)
	require.GreaterOrEqual(t, len(folders), 4)
	for _, folder := range folders {
		require.Contains(t, strings.Split(string(left), "\n"), folder[1])
	}
}

// The job has as many pods as its grid has runs, and its fields are ones that the sweep knows.
func TestSweepManifest(t *testing.T) {
	f, err := os.Open("sweep.yaml")
	require.NoError(t, err)
	defer f.Close()
	var job struct {
		Kind string
		Spec struct {
			CompletionMode string `yaml:"completionMode"`
			Completions    int
			Template       struct {
				Spec struct {
					Containers []struct{ Command, Args []string }
				}
			}
		}
	}
	documents := yaml.NewDecoder(f)
	for job.Kind != "Job" {
		require.NoError(t, documents.Decode(&job))
	}
	require.Equal(t, "Indexed", job.Spec.CompletionMode, "or pods have no index")
	container := job.Spec.Template.Spec.Containers[0]
	require.Equal(t, []string{"sweep"}, container.Command)

	var grid train.Grid
	for _, arg := range container.Args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "-preset":
			grid.Preset = value
		case "-axis":
			grid.Axes = append(grid.Axes, strings.Split(value, ";"))
		}
	}
	configs, err := grid.Configs()
	require.NoError(t, err)
	require.Len(t, configs, job.Spec.Completions)
	ids := map[string]bool{}
	for _, c := range configs {
		require.NoError(t, c.Validate())
		ids[c.ID()] = true
	}
	require.Len(t, ids, len(configs), "runs that are the same")
	require.True(t, slices.Contains(container.Args, "-store=/runs"), "or what is trained ends with the pod")
}
