"""What leads elsewhere where a redirect takes it, or adds a header where a header takes it: row F10.

The shapes for redirects are those that browsers read as another host (WHATWG URL Standard: ``\\`` is ``/`` in http
addresses, tabs and line ends are dropped, ``//host`` keeps the scheme, everything before ``@`` is a user).
"""

from __future__ import annotations

ELSEWHERE = """
//evil.example
//evil.example/
///evil.example
////evil.example
/\\evil.example
/\\/evil.example
\\/evil.example
\\\\evil.example
/\t/evil.example
/\t//evil.example
/%09/evil.example
/%5Cevil.example
/%2F/evil.example
/%2Fevil.example
%2F%2Fevil.example
%2f%2fevil.example/%2e%2e
%5C%5Cevil.example
%252F%252Fevil.example
/./\\evil.example
/.//evil.example
/..//evil.example
/x/..//evil.example
/;//evil.example
/?//evil.example
/#//evil.example
//evil.example/%2f..
//evil.example%2f%2e%2e
//evil.example?/runs
//evil.example#/runs
//evil.example\\@127.0.0.1
//127.0.0.1@evil.example
//127.0.0.1:8100@evil.example/
//127.0.0.1.evil.example
//127.0.0.1%2eevil.example
//127.0.0.1%00.evil.example
//evil%E3%80%82example
//\u24d4\u24e5\u24d8\u24db.example
//evil\u3002example
//[::ffff:203.0.113.9]/
//3405803785/
//0xCB007109/
http://evil.example
https://evil.example
HTTP://evil.example
http:evil.example
https:evil.example
http:/evil.example
http:///evil.example
http:\\\\evil.example
https:\\evil.example
h\tttp://evil.example
http://127.0.0.1@evil.example/
http://evil.example:80#@127.0.0.1/
http://127.0.0.1\\.evil.example
ws://evil.example
ftp://evil.example
file:///etc/passwd
javascript:alert(1)
JavaScript:alert(1)
java%0ascript:alert(1)
%6aavascript:alert(1)
javascript://127.0.0.1/%0aalert(1)
javascript://%250Aalert(1)
data:text/html,<script>alert(1)</script>
data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==
vbscript:msgbox(1)
blob:https://evil.example/x
view-source:https://evil.example
about:blank
evil.example
.evil.example
@evil.example
:80@evil.example
:@evil.example
..//evil.example
../../..//evil.example
{run_id}
{owner.name}
"""

SPLITS = """
a%0d%0aX-Injected: 1
a%0aX-Injected: 1
a%0dX-Injected: 1
%0d%0aX-Injected:%201
%0d%0aSet-Cookie:%20a=b
/%0d%0aLocation:%20//evil.example
/%0d%0a%0d%0a<script>alert(1)</script>
%0d%0aContent-Length:%200%0d%0a%0d%0aHTTP/1.1%20200%20OK%0d%0aX-Injected:%201%0d%0a%0d%0a
%250d%250aX-Injected:%201
%u000d%u000aX-Injected: 1
%E5%98%8A%E5%98%8DX-Injected:%201
%c4%8d%c4%8aX-Injected:%201
%E2%80%A8X-Injected:%201
%C2%85X-Injected:%201
%0bX-Injected:%201
%0cX-Injected:%201
%00X-Injected:%201
%1b[2JX-Injected
a\rX-Injected: 1
a\u010d\u010aX-Injected: 1
a\u560d\u560aX-Injected: 1
a\u2028X-Injected: 1
a\x85X-Injected: 1
a\x0bX-Injected: 1
a\x00X-Injected: 1
a"; X-Injected=1; b="
a"; filename="evil.html
a; filename*=UTF-8''evil.html
a, X-Injected: 1
<//evil.example>; rel=preload
0;url=//evil.example
"""

PAYLOADS = [line for group in (ELSEWHERE, SPLITS) for line in group.strip("\n").split("\n")]
