/// The style sheet of all pages: no fonts, images or scripts from anywhere; dark and light as the reader's system is.
enum Style {
  static let sheet: HTML = """
    :root{color-scheme:light dark;--back:#fff;--card:#fff;--text:#1c2128;--soft:#636c76;--line:#d8dee4;--fill:#f6f8fa;\
    --link:#0a5fc2;--good:#1a7f37;--good-b:#dafbe1;--bad:#c5221f;--bad-b:#ffebe9;--busy:#8a5a00;--busy-b:#fff3cd;\
    --gone:#57606a;--gone-b:#eaeef2}
    @media(prefers-color-scheme:dark){:root{--back:#0e1116;--card:#151a21;--text:#e4e9ef;--soft:#98a2ad;--line:#2c333c;\
    --fill:#1a2028;--link:#6cb0ff;--good:#56d374;--good-b:#12301c;--bad:#ff8a84;--bad-b:#3c1618;--busy:#e3b341;\
    --busy-b:#352a0c;--gone:#98a2ad;--gone-b:#232a33}}
    *{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--text);\
    font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
    a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
    header{display:flex;align-items:center;gap:1.4em;padding:.6em 1.4em;border-bottom:1px solid var(--line);background:var(--fill)}
    .logo{font-weight:700;font-size:1.1em;color:inherit}.menu{display:flex;gap:1.1em;overflow-x:auto}.menu a{color:inherit;opacity:.85}
    .path{display:flex;flex-wrap:wrap;align-items:baseline;gap:.4em;padding:.7em 1.4em 0;font-size:.92em}.path i{opacity:.4;font-style:normal}
    .path .soft{margin-left:auto;font-size:.88em}main{padding:.2em 1.4em 3em;max-width:78em}
    h1{font-size:1.45em;line-height:1.25;margin:.5em 0 .5em;overflow-wrap:anywhere}h2{font-size:1.1em;margin:1.8em 0 .6em}
    .soft{color:var(--soft)}code,pre,.n{font-variant-numeric:tabular-nums}code,pre{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,monospace;font-size:.88em}
    pre{background:var(--fill);border:1px solid var(--line);padding:.9em 1em;border-radius:8px;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere;margin:.6em 0}
    .table{overflow-x:auto;border:1px solid var(--line);border-radius:8px;background:var(--card)}
    table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:600;color:var(--soft);font-size:.82em;background:var(--fill)}
    td,th{padding:.5em .9em;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}tr:last-child td{border-bottom:0}
    td.w{white-space:normal;min-width:14em;overflow-wrap:anywhere}td.n,th.n{text-align:right}td.n:first-child,th.n:first-child{width:1%}
    .badge{display:inline-block;border-radius:1em;padding:.05em .65em;font-size:.8em;font-weight:600;line-height:1.5;letter-spacing:.01em;white-space:nowrap}
    .good{color:var(--good);background:var(--good-b)}.bad{color:var(--bad);background:var(--bad-b)}
    .busy{color:var(--busy);background:var(--busy-b)}.gone{color:var(--gone);background:var(--gone-b)}
    .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5em,1fr));gap:.8em;margin:.8em 0 1.2em}
    .tile{border:1px solid var(--line);border-radius:8px;padding:.7em .9em;background:var(--card);min-width:0}
    .tile b{display:block;font-size:1.35em;line-height:1.3;font-weight:650;overflow-wrap:anywhere}.tile span{color:var(--soft);font-size:.86em}
    .bar{height:.5em;border-radius:1em;background:var(--gone-b);overflow:hidden;margin:.45em 0 .15em;display:flex}
    .bar i{display:block;height:100%;background:var(--link)}.bar i.good{background:var(--good)}.bar i.bad{background:var(--bad)}.bar i.busy{background:var(--busy)}
    .card{border:1px solid var(--line);border-radius:8px;padding:.9em 1.1em;margin:.9em 0;background:var(--card)}.card h2{margin:0 0 .4em}
    .card.warn{border-color:var(--bad)}.grid{display:flex;flex-wrap:wrap;gap:.3em;margin:.7em 0}
    .cell{min-width:2.3em;text-align:center;border-radius:5px;padding:.15em .4em;font-size:.82em;font-weight:600}
    .empty{border:1px dashed var(--line);border-radius:8px;padding:1.3em;color:var(--soft)}.empty code{color:var(--text)}
    form.filter{display:flex;flex-wrap:wrap;gap:.6em;margin:.6em 0 1em}form.inline{display:inline}
    input,select,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.3em .7em;max-width:100%}
    button{background:var(--fill);cursor:pointer;font-weight:600}button.danger{color:var(--bad)}
    .diff .add{color:var(--good)}.diff .del{color:var(--bad)}svg{display:block;width:100%;height:auto}svg text{fill:var(--soft);font-size:11px}
    .graphs{display:grid;grid-template-columns:repeat(auto-fit,minmax(17em,1fr));gap:.9em}.tabs{display:flex;flex-wrap:wrap;gap:1em;margin:.2em 0 1em}
    time{white-space:nowrap}
    @media(max-width:640px){header,.path{padding-left:.9em;padding-right:.9em}main{padding:.1em .9em 2.5em}td,th{padding:.5em .65em}\
    .tiles{grid-template-columns:repeat(2,minmax(0,1fr))}.path .soft{display:none}\
    header{flex-wrap:wrap;gap:.1em 1em}.menu{flex-wrap:wrap;gap:.1em 1em;overflow:visible}}
    """
}
