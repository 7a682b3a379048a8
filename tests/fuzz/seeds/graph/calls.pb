Æ
"serveö

xPlaceholder*
dtype0
$
yPartitionedCallx*
fR
f3®
8

f0
x
y
aRelux"
ya:activations:0
z

f1
x
y$
aPartitionedCallx*
fR
f0-
bPartitionedCall
a:output:0*
fR
f0"
y
b:output:0
z

f2
x
y$
aPartitionedCallx*
fR
f1-
bPartitionedCall
a:output:0*
fR
f1"
y
b:output:0
z

f3
x
y$
aPartitionedCallx*
fR
f2-
bPartitionedCall
a:output:0*
fR
f2"
y
b:output:0*B
serving_default/

x
x:0ÿÿÿÿÿÿÿÿÿ
y
y:0