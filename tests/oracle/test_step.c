/* test_step [FOLDER...]: `teasel step` against what PyTorch recorded (record_steps.py).
 *
 * Runs $TEASEL on every NAME.yaml with NAME.in.h5 of the folders and compares with
 * NAME.expected.h5. Without a folder: tests/oracle/steps, and ../shared/golden where it
 * is. Error of an array: max|out - expected| / max|expected|; weights after the steps
 * have a second one, |out - expected|_2 / |after - before|_2 (attribute update_norm), in
 * which a wrong optimizer shows although a step is small beside a weight.
 */
#include "teasel/model.h"
#include "teasel/store.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
  const char *group;
  double allowed;
} tolerances[] = {
    {"loss", 1e-5}, {"grads", 2e-4}, {"latents", 1e-5}, {"params_after", 2e-4}};
static const double update_allowed = 5e-3;

static double tolerance_of(const char *name) {
  for (size_t i = 0; i < sizeof tolerances / sizeof tolerances[0]; i++) {
    size_t length = strlen(tolerances[i].group);
    if (strncmp(name, tolerances[i].group, length) == 0 && name[length] == '/')
      return tolerances[i].allowed;
  }
  return 0;
}

/* max|a - b| / max|b| and |a - b|_2; a, b: (count). NaN is the worst error there is. */
static void differences(const double *a, const double *b, int64_t count, double *largest,
                        double *norm) {
  double scale = 0;
  double worst = 0;
  double squares = 0;
  for (int64_t i = 0; i < count; i++) {
    double d = fabs(a[i] - b[i]);
    scale = fmax(scale, fabs(b[i]));
    squares += d * d;
    if (!(d <= worst))
      worst = isnan(d) ? HUGE_VAL : d;
  }
  *largest = scale > 0 ? worst / scale : worst;
  *norm = sqrt(squares);
}

/* Prints what is wrong with one array; returns the number of faults. */
static int compare_array(struct tsl_h5_reader *out, struct tsl_h5_reader *expected,
                         const char *name) {
  struct tsl_error err = {0};
  struct tsl_array a = {0};
  struct tsl_array b = {0};
  int faults = 0;
  if (tsl_h5_read(expected, name, TSL_ARRAY_F64, &b, &err) != TSL_OK ||
      tsl_h5_read(out, name, TSL_ARRAY_F64, &a, &err) != TSL_OK) {
    printf("  %s: %s\n", name, err.text);
    faults = 1;
  } else if (a.rank != b.rank ||
             memcmp(a.dims, b.dims, (size_t)a.rank * sizeof a.dims[0]) != 0) {
    printf("  %s: another shape than expected\n", name);
    faults = 1;
  } else {
    double largest = 0;
    double norm = 0;
    double update = 0;
    const char *path = name[0] == '/' ? name + 1 : name;
    differences(a.data, b.data, tsl_array_count(&b), &largest, &norm);
    if (!(largest <= tolerance_of(path))) {
      printf("  %s: error %.2e, allowed %.0e\n", name, largest, tolerance_of(path));
      faults++;
    }
    if (tsl_h5_read_attribute(expected, name, "update_norm", &update, NULL) == TSL_OK &&
        update > 0 && !(norm / update <= update_allowed)) {
      printf("  %s: error %.2e of the update, allowed %.0e\n", name, norm / update,
             update_allowed);
      faults++;
    }
  }
  tsl_array_release(&a);
  tsl_array_release(&b);
  return faults;
}

static int compare_files(const char *out_path, const char *expected_path) {
  struct tsl_error err = {0};
  struct tsl_h5_reader *out = NULL;
  struct tsl_h5_reader *expected = NULL;
  char **names = NULL;
  size_t count = 0;
  int faults = 1;
  if (tsl_h5_open(out_path, &out, &err) != TSL_OK ||
      tsl_h5_open(expected_path, &expected, &err) != TSL_OK ||
      tsl_h5_list(expected, "/", &names, &count, &err) != TSL_OK) {
    printf("  %s: %s\n", err.where, err.text);
    goto done;
  }
  faults = count == 0;
  for (size_t i = 0; i < count; i++)
    faults += compare_array(out, expected, names[i]);
done:
  for (size_t i = 0; i < count; i++)
    free(names[i]);
  free(names);
  tsl_h5_close(out);
  tsl_h5_close(expected);
  return faults;
}

static int run_step(const char *job, const char *in, const char *out) {
  const char *program = getenv("TEASEL");
  if (program == NULL)
    program = "build/release/teasel";
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    execl(program, program, "step", job, in, out, (char *)NULL);
    perror(program);
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child)
    return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A recorded folder may hold families and priors that teasel has not (yet). */
static bool is_known(const char *job_path) {
  char *bytes = NULL;
  size_t count = 0;
  if (tsl_file_read(job_path, &bytes, &count, NULL) != TSL_OK)
    return true;
  const char *word = strstr(bytes, "model: ");
  char name[64] = "";
  bool known = word == NULL || sscanf(word, "model: %63[a-z_]", name) != 1 ||
               tsl_model_find(name) != NULL;
  if (strstr(bytes, "prior: mixture") != NULL)
    known = false;
  free(bytes);
  return known;
}

enum verdict { PASSED, FAILED, SKIPPED };

static enum verdict run_case(const char *folder, const char *name, const char *out) {
  char job[1024];
  char in[1024];
  char expected[1024];
  snprintf(job, sizeof job, "%s/%s.yaml", folder, name);
  snprintf(in, sizeof in, "%s/%s.in.h5", folder, name);
  snprintf(expected, sizeof expected, "%s/%s.expected.h5", folder, name);
  if (!tsl_file_exists(job) || !is_known(job))
    return SKIPPED;
  int code = run_step(job, in, out);
  int faults = 0;
  if (code != 0)
    printf("  teasel step: exit code %d\n", code);
  else
    faults = compare_files(out, expected);
  remove(out);
  if (code != 0 || faults > 0) {
    printf("FAILED  %s/%s\n", folder, name);
    return FAILED;
  }
  return PASSED;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static bool run_folder(const char *folder, const char *out, int counts[3]) {
  struct dirent **entries = NULL;
  int count = scandir(folder, &entries, NULL, by_name);
  if (count < 0)
    return false;
  for (int i = 0; i < count; i++) {
    char name[256];
    snprintf(name, sizeof name, "%s", entries[i]->d_name);
    char *ending = strstr(name, ".in.h5");
    if (ending != NULL) {
      *ending = '\0';
      counts[run_case(folder, name, out)]++;
    }
    free(entries[i]);
  }
  free(entries);
  return true;
}

int main(int argc, char **argv) {
  int counts[3] = {0, 0, 0};
  char out[] = "/tmp/teasel-step-XXXXXX";
  int descriptor = mkstemp(out);
  if (descriptor < 0) {
    perror(out);
    return 1;
  }
  close(descriptor);
  for (int i = 1; i < argc; i++) {
    if (!run_folder(argv[i], out, counts)) {
      perror(argv[i]);
      counts[FAILED]++;
    }
  }
  if (argc == 1) {
    if (!run_folder("tests/oracle/steps", out, counts)) {
      perror("tests/oracle/steps");
      counts[FAILED]++;
    }
    run_folder("../shared/golden", out, counts);
  }
  remove(out);
  printf("%d passed, %d failed, %d of families that teasel has not\n", counts[PASSED],
         counts[FAILED], counts[SKIPPED]);
  return counts[FAILED] > 0 || counts[PASSED] == 0;
}
