#!/bin/bash
# The report in a real browser, headless Chromium: no script error, nothing loaded from
# outside, no page wider than a telephone, and the controls do what they say.
set -u
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
  echo "chromium is not installed"
  exit 77
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$BUILD/tests/unit/test_figures" --write "$folder" || { echo "no report was written"; exit 1; }

# The page is shown in a frame of a given width and tells its parent what it finds.
cat > "$folder/head.html" <<'END'
<script>
const problems = [];
addEventListener('error', e => problems.push(e.message || 'an element failed to load'));
addEventListener('load', () => setTimeout(async () => {
  const check = (ok, text) => { if (!ok) problems.push(text); };
  const all = selector => [...document.querySelectorAll(selector)];
  try {
    document.querySelectorAll('details').forEach(d => { d.open = true; });
    const root = document.documentElement;
    check(root.scrollWidth <= root.clientWidth,
      `page of ${root.scrollWidth} px in a window of ${root.clientWidth} px`);
    check(performance.getEntriesByType('resource').every(e => e.name.startsWith('data:')),
      'something was loaded');
    check(all('img:not([alt])').length === 0, 'picture without words');
    check(all('svg.chart:not([aria-label])').length === 0, 'chart without words');
    check(all('svg.chart').length > 20, 'charts are missing');
    check(all('table').every(t => t.caption && t.querySelector('th[scope=col]')),
      'table without caption or headers');
    const links = all('nav a').map(a => a.getAttribute('href'));
    check(links.length > 10 && links.every(l => document.querySelector(l)), 'dead link');
    const ids = all('[id]').map(e => e.id);
    check(new Set(ids).size === ids.length, 'an id stands twice');
    for (const image of all('svg.chart image'))
      check(image.getBBox().width > 0, 'empty picture');

    const table = document.querySelector('#udr table'), column = table.rows[0].cells.length - 1;
    const values = () => [...table.tBodies[0].rows].map(r => +r.cells[column].dataset.v);
    const button = table.rows[0].cells[column].querySelector('button');
    const sorted = sign => values().every((v, i, a) => i === 0 || sign * (v - a[i - 1]) >= 0);
    const before = values().length;
    button.click();
    check(sorted(-1), 'first click does not sort from the largest');
    button.click();
    check(sorted(1), 'second click does not sort from the smallest');
    check(values().length === before, 'sorting lost rows');

    await ready;
    const pair = document.getElementById('pair'), first = document.getElementById('first');
    const words = () => [...pair.querySelectorAll('text')].map(t => t.textContent);
    const still = words(), shown = pair.innerHTML;
    const change = s => s.dispatchEvent(new Event('change'));
    change(first);
    const near = words().every((w, i) => w === still[i] || Math.abs(w - still[i]) < 0.011);
    check(still.length > 20 && words().length === still.length && near,
      'the script draws another matrix than the page holds');
    first.value = +first.value === 0 ? 1 : 0;
    change(first);
    check(pair.innerHTML !== shown, 'choosing a run changes nothing');
    document.getElementById('kind').value = 'lasso';
    change(first);
    check(document.getElementById('pair-caption').textContent.startsWith('Lasso'),
      'choosing a similarity changes nothing');

    data.pairs.lasso.scope = 'family';
    first.value = 0;
    document.getElementById('second').value = data.runs.length - 1;
    change(first);
    check(/is not in this page/.test(document.getElementById('pair-caption').textContent),
      'a pair that the page does not hold is not told');

    const map = document.querySelector('[data-map]'), svg = map.querySelector('svg');
    const box = svg.getBoundingClientRect(), place = data.u[map.dataset.map];
    const at = {clientX: box.left + place.left + 1.5 * place.cell,
      clientY: box.top + place.top + 0.5 * place.cell, bubbles: true};
    svg.dispatchEvent(new PointerEvent('pointermove', at));
    check(/U = 0\.\d{3}/.test(map.querySelector('.readout').textContent),
      'the heat map does not tell the pair');
    svg.dispatchEvent(new MouseEvent('click', at));
    check(first.value === '0' && document.getElementById('second').value === '1',
      'a click in the heat map does not show the pair');
  } catch (error) {
    problems.push(String(error));
  }
  parent.postMessage(problems, '*');
}, 50));
</script>
END
sed "/<head>/r $folder/head.html" "$folder/report.html" > "$folder/checked.html"

passed=0 failed=0
check() { # title, width, scheme (0 dark, 1 light)
  cat > "$folder/frame.html" <<END
<!DOCTYPE html><body style="margin:0"><p id="result">no answer</p>
<script>addEventListener('message', e => {
  document.getElementById('result').textContent = e.data.length ? e.data.join('; ') : 'all well';
});</script>
<iframe src="checked.html" style="width:$2px;height:800px;border:0"></iframe></body>
END
  local result
  result=$(timeout -k 5 240 "$chromium" --headless --no-sandbox --disable-gpu --user-data-dir="$folder/profile" \
    --blink-settings=preferredColorScheme="$3" --virtual-time-budget=8000 \
    --dump-dom "file://$folder/frame.html" 2>/dev/null | sed -n 's,.*<p id="result">\(.*\)</p>.*,\1,p')
  if [ "$result" = "all well" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$1: ${result:-the browser gave no page}"
  fi
}
check "narrow, light" 380 1
check "wide, dark" 1280 0

# The check itself must be able to fail.
sed -i 's,</main>,<div style="width:2000px">wide</div></main>,' "$folder/checked.html"
check "a page that is too wide" 380 1 > "$folder/expected"
if grep -q '2000 px\|20[0-9][0-9] px' "$folder/expected"; then
  failed=$((failed - 1)) passed=$((passed + 1))
else
  echo "a page that is too wide was not noticed: $(cat "$folder/expected")"
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
