/** The page's only style sheet: calm, in both colour schemes, and on paper. */
export const STYLE = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1c2430;--soft:#5b6675;--faint:#8a94a3;--line:#e2e6ec;
--good:#1a7f4b;--good-bg:#e6f5ec;--warn:#92600a;--warn-bg:#fdf3dc;--bad:#b3261e;--bad-bg:#fdebe9;--plain:#475467;--plain-bg:#eef1f5;
--load:#4f74d9;--defer:#8f6fd0;--step:#94a3b8;--area:#4f74d9;--chip:#eef1f6}
@media(prefers-color-scheme:dark){:root{--page:#12161c;--card:#1a2029;--ink:#e6eaf0;--soft:#a3adbb;--faint:#7b8696;--line:#2c3540;
--good:#63c793;--good-bg:#15301f;--warn:#e3b352;--warn-bg:#33280f;--bad:#f28b82;--bad-bg:#3a1b19;--plain:#b4bfcd;--plain-bg:#252d38;
--load:#7f9df0;--defer:#b096ec;--step:#6b7a8f;--area:#7f9df0;--chip:#252d38}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:40px 24px 64px}
h1{font-size:30px;line-height:1.2;margin:6px 0 4px;letter-spacing:-.015em;overflow-wrap:anywhere}
h2{font-size:18px;margin:0 0 4px}h3{font-size:15px;margin:0;overflow-wrap:anywhere}
p{margin:0}.soft{color:var(--soft)}.faint{color:var(--faint)}
.eyebrow{color:var(--faint);font-size:12px;font-weight:600;letter-spacing:.08em;text-transform:uppercase}
.lead{color:var(--soft);overflow-wrap:anywhere}
code,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.9em}
.verdict{display:inline-flex;gap:8px;align-items:center;margin:18px 0 0;padding:8px 16px;border-radius:999px;font-weight:600}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.plain{color:var(--plain)}
.verdict.good,.tag.good{background:var(--good-bg)}.verdict.warn,.tag.warn{background:var(--warn-bg)}
.verdict.bad,.tag.bad{background:var(--bad-bg)}.verdict.plain,.tag.plain{background:var(--plain-bg)}
.tag{display:inline-block;padding:1px 9px;border-radius:999px;font-size:12.5px;font-weight:600;white-space:nowrap}
nav{margin:22px 0 0;display:flex;flex-wrap:wrap;gap:4px 18px;font-size:14px}
a{color:var(--soft);text-decoration:none;border-bottom:1px solid var(--line)}a:hover,a:focus{color:var(--ink);border-color:var(--faint)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(120px,1fr));gap:1px;background:var(--line);border:1px solid var(--line);border-radius:12px;overflow:hidden;margin:24px 0 0}
.figures div{background:var(--card);padding:14px 18px}
.figures dt{color:var(--soft);font-size:13px}.figures dd{margin:0;font-size:23px;font-weight:600;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
.figures .nil dd{color:var(--faint);font-weight:400}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:22px 24px;margin:20px 0 0}
section>p{color:var(--soft);margin:0 0 14px;font-size:14px}
.problem{background:var(--bad-bg);border-color:transparent}.problem p{color:var(--ink)}.problem .hint{margin:8px 0 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;color:var(--faint);font-weight:600;font-size:12px;letter-spacing:.03em;padding:6px 14px 6px 0;border-bottom:1px solid var(--line);white-space:nowrap}
td{padding:8px 14px 8px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
td b,td .keys,td.mono,.lineage td{overflow-wrap:anywhere}.scroll td:has(>b){min-width:120px}
tr:last-child>td{border-bottom:0}td:last-child,th:last-child{padding-right:0}
tfoot td{font-weight:600;border-top:1px solid var(--line)}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.keys{display:block;color:var(--faint);font-size:12.5px}
.chip{display:inline-block;background:var(--chip);border-radius:6px;padding:0 7px;margin:0 4px 2px 0;font-size:13px}
.arrow{color:var(--faint);margin:0 4px 0 0}
.lineage{margin:18px 0 0;break-inside:auto}.lineage h3{margin:0 0 4px}.lineage table{table-layout:fixed}.lineage th:first-child{width:28%}.lineage th:last-child{width:30%}
figure{margin:0}svg{display:block;max-width:100%;height:auto}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;fill:var(--soft)}
svg .name{font-weight:600;fill:var(--ink);font-size:13px}svg .small{font-size:11px;fill:var(--faint)}
svg .box{fill:var(--page);stroke:var(--line)}svg .edge{fill:none;stroke:var(--faint);stroke-width:1.3;opacity:.65}svg .head{fill:var(--faint)}
svg .grid{stroke:var(--line);stroke-width:1}svg .gap{stroke:var(--faint);stroke-dasharray:2 4}
svg .s-good{fill:var(--good)}svg .s-warn{fill:var(--warn)}svg .s-bad{fill:var(--bad)}svg .s-plain{fill:var(--faint)}
svg .k-load{fill:var(--load)}svg .k-defer{fill:var(--defer)}svg .k-step{fill:var(--step)}svg .k-bad{fill:var(--bad)}svg .k-warn{fill:var(--warn)}
svg .area{fill:var(--area);opacity:.22}svg .curve{fill:none;stroke:var(--area);stroke-width:1.6}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:10px 0 0;color:var(--soft);font-size:13px}
.legend svg{display:inline-block;vertical-align:-1px;margin-right:6px}
ul{margin:0;padding-left:20px}.scroll+ul,.scroll+p{margin-top:14px}li{margin:0 0 4px;overflow-wrap:anywhere}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0;font-size:14px}dl.facts dt{color:var(--soft)}dl.facts dd{margin:0;overflow-wrap:anywhere}
footer{color:var(--faint);font-size:13px;margin:24px 0 0}
@media(max-width:640px){main{padding:24px 14px}section{padding:18px 16px}h1{font-size:25px}.scroll svg{max-width:none}
.figures{grid-template-columns:repeat(3,1fr)}.figures div{padding:10px}.figures dd{font-size:17px}.verdict{margin:12px 0 0}
.lineage th:first-child,.lineage th:last-child{width:30%}dl.facts{grid-template-columns:1fr;gap:0}dl.facts dd{margin:0 0 8px}}
@media print{:root{color-scheme:light;--page:#fff;--card:#fff;--ink:#111;--soft:#444;--faint:#777;--line:#ddd}
body{font-size:11.5px;-webkit-print-color-adjust:exact;print-color-adjust:exact}main{max-width:none;padding:0}nav{display:none}
section{border:0;border-top:1px solid var(--line);border-radius:0;padding:16px 0;break-inside:auto}tr,figure,h2,h3{break-inside:avoid}h2,h3,section>p{break-after:avoid}table{font-size:11px}th,.keys,.tag,.chip,section>p,dl.facts,.lead{font-size:10px}h1{font-size:24px}h2{font-size:15px}td,th{padding:4px 10px 4px 0}tfoot{display:table-row-group}.scroll td:has(>b){min-width:90px}
.figures dd{font-size:18px}.figures div{padding:10px 14px}.verdict{padding:5px 12px}.scroll{overflow:visible}}
`
