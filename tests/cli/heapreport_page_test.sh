#!/bin/sh
# heapreport_page_test.sh: the page of --heap-report in a real browser: no error, no request to anywhere, what is on it.
# variants: release

neap=${1:-${NEAP:-out/neap}}
dir=$(mktemp -d) || exit 1
browser=$(mktemp -d -p /tmp) || exit 1 # its path is that of a socket, which must be short
trap 'rm -rf "$dir" "$browser"' EXIT
if ! command -v chromium >/dev/null; then
    echo "not ok - setting up: expected the command chromium, got none (./dev test installs it)"
    exit 1
fi

"$neap" --heap-report="$dir/report.html" -e '
    for round = 1, 3 do
        local t = {}
        for i = 1, 100000 do t[i] = { i, name = "n" .. i } end
        t = nil
        collectgarbage()
    end' || exit 1
grep -o 'https\?://[^"` <)]*' "$dir/report.html" | grep -v -x -e 'https://www.chartjs.org' -e 'https://github.com/kurkle/color#readme' >"$dir/links"

# The page is asked what it shows by a script of this test's own, behind the page's.
cat >>"$dir/report.html" <<'END'
<script>
  const said = [];
  const inked = canvas => new Set(new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size;
  said.push("charts " + [...document.querySelectorAll(".chart canvas")].map(c => inked(c) > 10 ? "drawn" : "empty"));
  said.push("arenas " + ([...document.querySelectorAll(".arena canvas")].every(c => inked(c) > 1) ? "drawn" : "empty"));
  const before = document.querySelector(".arena canvas").toDataURL(), slider = document.getElementById("moment");
  slider.value = 0;
  slider.dispatchEvent(new Event("input"));
  said.push("scrubbed " + (document.querySelector(".arena canvas").toDataURL() !== before));
  said.push("first " + document.getElementById("moment-text").textContent.split(",")[0].endsWith("s"));
  said.push("figures " + document.querySelectorAll(".figure").length);
  said.push("types " + [...document.querySelectorAll("#types table")].map(t => t.rows[1].cells[0].textContent));
  said.push("sites " + document.querySelectorAll("#sites table, #sites p").length);
  said.push("fetched " + performance.getEntriesByType("resource").length);
  const out = document.createElement("pre");
  out.id = "said";
  out.textContent = said.join(";");
  document.body.appendChild(out);
</script>
END
TMPDIR=$browser timeout 100 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --user-data-dir="$browser/data" --enable-logging=stderr \
    --virtual-time-budget=4000 --dump-dom "file://$dir/report.html" >"$dir/dom" 2>"$dir/log"

failures=0
say() {
    if [ "$2" = "$3" ]; then echo "ok - $1"; else failures=1; echo "not ok - $1: expected [$2], got [$3]"; fi
}
shown() { grep -o '<pre id="said">[^<]*' "$dir/dom" | tr '>;' '\n\n' | sed -n "s/^$1 //p"; }
say "errors in the page" "" "$(grep CONSOLE "$dir/log")"
say "the charts" "drawn,drawn" "$(shown charts)"
say "the arenas" drawn "$(shown arenas)"
say "going to another moment" true "$(shown scrubbed)"
say "the moment is told" true "$(shown first)"
say "figures" 10 "$(shown figures)"
say "the types, largest first" "table,string" "$(shown types | sed 's/,table$/,string/')"
say "sites, at the peak and at the end" 2 "$(shown sites)"
say "nothing is fetched" 0 "$(shown fetched)"
say "addresses in the file" "" "$(cat "$dir/links")"
exit $failures
