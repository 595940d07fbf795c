"""The style sheet of the report: one column on a phone, cards on a screen, light and dark."""

__all__ = ["STYLE"]

STYLE = """
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5b6878;--line:#dfe4ea;
--wash:#eef1f5;--bar:#3d7bd9;--accent:#1f5fbf;--good:#2f9e6e;--gap:#c4ccd6;--bad:#d2553f;--badwash:#fbeae6;
--badink:#96301d}
@media (prefers-color-scheme:dark){:root{--page:#10151b;--card:#19212a;--ink:#e4e9ef;--soft:#9aa8b7;
--line:#2d3843;--wash:#222c37;--bar:#5b9bf3;--accent:#82b4ff;--good:#4cc38f;--gap:#4b5866;--bad:#ef7d66;
--badwash:#3a2420;--badink:#ffb3a3}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
main,header,footer{max-width:1120px;margin:0 auto;padding:0 20px}
header{padding-top:36px;padding-bottom:8px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:18px;margin:34px 0 12px}
h3{font-size:16px;margin:0;overflow-wrap:anywhere}
p{margin:0}
.soft,footer{color:var(--soft)}
footer{padding:28px 20px 40px;font-size:13px}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
a:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin:20px 0 0;padding:0}
.tiles div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.tiles dt{color:var(--soft);font-size:13px}
.tiles dd{margin:0;font-size:22px;font-weight:600;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption,.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th,td{text-align:left;padding:7px 14px;border-top:1px solid var(--line);vertical-align:middle}
thead th{border-top:0;color:var(--soft);font-weight:500;font-size:13px;white-space:nowrap}
tbody th{font-weight:500;max-width:260px;overflow-wrap:anywhere}
td.n,th.n{text-align:right;white-space:nowrap}
td.s{width:120px}
.type{display:inline-block;font-size:12px;color:var(--soft);background:var(--wash);border-radius:5px;
padding:1px 7px;white-space:nowrap;font-weight:400}
.flag{background:var(--badwash);color:var(--badink)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,430px),1fr));gap:16px}
.stack{display:grid;gap:16px;margin-top:20px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px;min-width:0;
scroll-margin-top:12px}
.card:target{border-color:var(--accent)}
.head{display:flex;gap:8px 10px;align-items:baseline;justify-content:space-between;flex-wrap:wrap}
.lead{color:var(--soft);font-size:14px;margin:2px 0 12px}
.chart{display:block;width:100%;height:auto;margin:4px 0 8px}
.spark{display:block;width:96px;height:24px}
.bar{fill:var(--bar)}.bar:hover{fill:var(--accent)}
.grid{stroke:var(--line);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1}
.tick{fill:var(--soft);font-size:11px;font-variant-numeric:tabular-nums}
.box line{stroke:var(--soft);stroke-width:1.5}.box rect{fill:var(--gap)}
.box .median{stroke:var(--ink);stroke-width:2}
.line{fill:none;stroke:var(--bar);stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}
dl.stats{display:grid;grid-template-columns:repeat(auto-fill,minmax(112px,1fr));gap:8px 14px;margin:8px 0 0}
dl.stats div{min-width:0}
dl.stats dt{color:var(--soft);font-size:12.5px}
dl.stats dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.quality{margin:14px 0 0;font-size:13px}
.meter{display:flex;height:6px;border-radius:3px;overflow:hidden;background:var(--wash);margin-bottom:5px}
.meter i{display:block;min-width:2px}
.i-good{background:var(--good)}.i-gap{background:var(--gap)}.i-bad{background:var(--bad)}
.key{display:inline-block;width:8px;height:8px;border-radius:2px;margin-right:5px}
.quality span{white-space:nowrap;margin-right:14px}
.keep{white-space:nowrap}
.note{color:var(--soft);font-size:12.5px;margin:-4px 0 6px}
.note.top{margin:14px 0 0}
.values{margin:10px 0 0;font-size:13px;color:var(--soft)}
code{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--wash);
color:var(--ink);border-radius:4px;padding:1px 6px;
overflow-wrap:anywhere;display:inline-block;max-width:100%}
code.flag{color:var(--badink)}
.cats{margin:6px 0 8px;width:100%}
.cats th,.cats td{border:0;padding:3px 0;font-size:14px}
.cats th{font-weight:400;width:34%;padding-right:12px;max-width:0;overflow:hidden;text-overflow:ellipsis;
white-space:nowrap}
.cats td.n{padding-left:12px;width:1%}
.cats td.n+td.n{color:var(--soft)}
.fill{display:block;height:14px;border-radius:2px;background:var(--bar);min-width:2px}
.zero{min-width:0}
.more{display:flex;flex-wrap:wrap;gap:0 18px}
details{margin-top:10px;font-size:13px}
details[open]{flex-basis:100%}
summary{cursor:pointer;color:var(--accent)}
details table{margin-top:6px}
details th,details td{padding:3px 10px 3px 0;border-top:1px solid var(--line);font-weight:400}
@media (max-width:560px){body{font-size:16px}main,header,footer{padding-left:14px;padding-right:14px}
header{padding-top:22px}.card{padding:14px}.tiles{grid-template-columns:1fr 1fr;gap:8px}
.tick{font-size:12px}
.overview .wide,.overview thead{display:none}.overview,.overview tbody{display:block}
.overview tr{display:grid;grid-template-columns:1fr auto;gap:2px 14px;padding:10px 14px;
border-top:1px solid var(--line)}
.overview tr:first-child{border-top:0}.overview th,.overview td{border:0;padding:0}.overview td.s{width:auto}
.overview .short{color:var(--soft);font-size:14px}.overview .count{grid-column:2;font-size:14px;color:var(--soft)}
.overview .count::after{content:" " attr(data-name)}.overview .none{display:none}}
@media print{body{background:#fff}.card,.scroll,.tiles div{break-inside:avoid}details{display:none}}
"""
