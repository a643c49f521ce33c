// Package docker has the image of the toolkit and the manifest of a sweep on Kubernetes. What they
// say of the rest of the checkout is tested here; that the image builds and runs is not.
package docker

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"firsttoken/train"
	"firsttoken/train/command"
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

// manifest decodes the documents of sweep.yaml as Kubernetes does under strict validation: fields
// that its types lack, twice given ones and names of another case are errors.
func manifest(t *testing.T) (claim corev1.PersistentVolumeClaim, job batchv1.Job) {
	t.Helper()
	text, err := os.ReadFile("sweep.yaml")
	require.NoError(t, err)
	documents := bytes.Split(text, []byte("\n---\n"))
	require.Len(t, documents, 2)
	for i, into := range []any{&claim, &job} {
		require.NoError(t, decode(documents[i], into))
	}
	require.Equal(t, metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}, claim.TypeMeta)
	require.Equal(t, metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"}, job.TypeMeta)
	return claim, job
}

func decode(document []byte, into any) error {
	text, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return err
	}
	strict, err := json.UnmarshalStrict(text, into)
	return errors.Join(append(strict, err)...)
}

// A field that is misspelt, or of another case, is not passed over.
func TestManifestIsDecodedStrictly(t *testing.T) {
	require.NoError(t, decode([]byte("spec: {completions: 2}"), new(batchv1.Job)))
	for _, wrong := range []string{"spec: {completion: 2}", "spec: {Completions: 2}", "spec: {completions: two}", "spec: {completions: 2, completions: 3}"} {
		require.Error(t, decode([]byte(wrong), new(batchv1.Job)), wrong)
	}
}

// The job has as many pods as its grid has runs, and its fields are ones that the sweep knows.
func TestSweepManifest(t *testing.T) {
	claim, job := manifest(t)
	require.Equal(t, batchv1.IndexedCompletion, *job.Spec.CompletionMode, "or pods have no index")
	pod := job.Spec.Template.Spec
	container := pod.Containers[0]
	require.Equal(t, []string{"sweep"}, container.Command)
	require.Equal(t, container.Name, *job.Spec.PodFailurePolicy.Rules[1].OnExitCodes.ContainerName)
	require.Equal(t, []int32{command.Stopped}, job.Spec.PodFailurePolicy.Rules[1].OnExitCodes.Values)

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
	require.Len(t, configs, int(*job.Spec.Completions))
	for _, c := range configs {
		require.NoError(t, c.Validate())
	}
	require.True(t, slices.Contains(container.Args, "-store=/runs"), "or what is trained ends with the pod")

	// Every mount has its volume, and the runs' is the claim.
	volumes := map[string]corev1.Volume{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v
	}
	mounts := map[string]string{}
	for _, m := range container.VolumeMounts {
		require.Contains(t, volumes, m.Name)
		mounts[m.MountPath] = m.Name
	}
	require.Equal(t, claim.Name, volumes[mounts["/runs"]].PersistentVolumeClaim.ClaimName)
	for _, needed := range []string{"/tmp", "/home/sinks/first-token/.data/shards"} {
		require.NotNil(t, volumes[mounts[needed]].EmptyDir, "%s is written to, and the root is read-only", needed)
	}
}

// What the pod may do, as the profile "restricted" of Kubernetes' pod security standards asks, and
// a read-only root besides.
func TestSweepManifestIsRestricted(t *testing.T) {
	_, job := manifest(t)
	pod := job.Spec.Template.Spec
	require.False(t, *pod.AutomountServiceAccountToken)
	require.True(t, *pod.SecurityContext.RunAsNonRoot)
	require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type)
	for _, c := range pod.Containers {
		require.False(t, *c.SecurityContext.AllowPrivilegeEscalation)
		require.True(t, *c.SecurityContext.ReadOnlyRootFilesystem)
		require.Equal(t, []corev1.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop)
		require.Empty(t, c.SecurityContext.Capabilities.Add)
		for _, resource := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
			require.Contains(t, c.Resources.Requests, resource)
		}
		require.Contains(t, c.Resources.Limits, corev1.ResourceMemory)
	}
}
