"""Names and arguments of TensorFlow's functions and graph ops, each with the function here that it
is.
"""

from __future__ import annotations

SYMBOLS = """
__operators__.add Add x=x1 y=x2
__operators__.eq Equal self=x1 other=x2
__operators__.logical_and LogicalAnd x=x1 y=x2
__operators__.logical_not LogicalNot x=x
__operators__.logical_or LogicalOr x=x1 y=x2
__operators__.ne NotEqual self=x1 other=x2
argsort tf.argsort values=x axis=axis direction=direction
bitwise.bitwise_and BitwiseAnd x=x1 y=x2
bitwise.bitwise_or BitwiseOr x=x1 y=x2
bitwise.bitwise_xor BitwiseXor x=x1 y=x2
bitwise.invert BitwiseInvert x=x
bitwise.left_shift LeftShift x=x1 y=x2
bitwise.right_shift RightShift x=x1 y=x2
broadcast_to BroadcastTo input=x shape=shape
cast Cast x=x dtype=dtype
clip_by_norm tf.clip_by_norm t=x clip_norm=clip_norm axes=axes
clip_by_value Clip t=x clip_value_min=x_min clip_value_max=x_max
concat Concatenate values=xs axis=axis
convert_to_tensor ConvertToTensor value=x dtype=dtype
dtypes.saturate_cast SaturateCast value=x dtype=dtype
einsum tf.einsum equation=equation inputs=inputs
ensure_shape tf.ensure_shape x=x shape=shape
expand_dims ExpandDims input=x axis=axis
gather tf.gather params=params indices=indices axis=axis batch_dims=batch_dims
gather_nd tf.gather_nd params=params indices=indices batch_dims=batch_dims
identity Copy input=x
image.adjust_contrast tf.adjust_contrast images=images contrast_factor=contrast_factor
image.crop_to_bounding_box tf.crop_to_box image=image offset_height=top offset_width=left \
    target_height=height \
target_width=width
image.extract_patches tf.extract_patches images=images sizes=sizes strides=strides \
    rates=rates padding=padding
image.flip_left_right tf.flip_left_right image=image
image.flip_up_down tf.flip_up_down image=image
image.grayscale_to_rgb tf.grayscale_to_rgb images=images
image.hsv_to_rgb HSVToRGB images=images
image.pad_to_bounding_box tf.pad_to_box image=image offset_height=top offset_width=left \
    target_height=height \
target_width=width
image.per_image_standardization tf.standardized image=image
image.resize tf.resize images=images size=size method=method \
    preserve_aspect_ratio=preserve_aspect_ratio \
antialias=antialias
image.rgb_to_grayscale RGBToGrayscale images=images
image.rgb_to_hsv RGBToHSV images=images
image.sobel_edges SobelEdges image=images
linalg.adjoint tf.matrix_transpose matrix=a
linalg.band_part tf.band_part input=x num_lower=lower num_upper=upper
linalg.cross Cross a=x1 b=x2
linalg.diag_part tf.diag_part input=x
linalg.einsum tf.einsum equation=equation inputs=inputs
linalg.l2_normalize tf.l2_normalize x=x axis=axis epsilon=epsilon
linalg.matmul tf.matmul a=a b=b transpose_a=transpose_a transpose_b=transpose_b \
    adjoint_a=adjoint_a \
adjoint_b=adjoint_b
linalg.matrix_transpose tf.matrix_transpose a=a
linalg.matvec tf.matvec a=a b=b transpose_a=transpose_a
linalg.norm tf.norm tensor=x ord=ord axis=axis keepdims=keepdims
linalg.tensordot Tensordot a=x1 b=x2 axes=axes
linalg.trace tf.trace x=x
math.abs Abs x=x
math.accumulate_n tf.add_n inputs=inputs
math.acos Arccos x=x
math.acosh Arccosh x=x
math.add Add x=x1 y=x2
math.add_n tf.add_n inputs=inputs
math.argmax tf.argmax input=x axis=axis output_type=output_type
math.argmin tf.argmin input=x axis=axis output_type=output_type
math.asin Arcsin x=x
math.asinh Arcsinh x=x
math.atan Arctan x=x
math.atan2 Arctan2 y=x1 x=x2
math.atanh Arctanh x=x
math.ceil Ceil x=x
math.cos Cos x=x
math.cosh Cosh x=x
math.count_nonzero tf.count_nonzero input=x axis=axis keepdims=keepdims dtype=dtype
math.cumprod tf.cumprod x=x axis=axis exclusive=exclusive reverse=reverse
math.cumsum tf.cumsum x=x axis=axis exclusive=exclusive reverse=reverse
math.divide TrueDivide x=x1 y=x2
math.divide_no_nan DivideNoNan x=x1 y=x2
math.equal Equal x=x1 y=x2
math.erf Erf x=x
math.erfc Erfc x=x
math.exp Exp x=x
math.expm1 Expm1 x=x
math.floor Floor x=x
math.floordiv FloorDivide x=x1 y=x2
math.floormod Mod x=x1 y=x2
math.greater Greater x=x1 y=x2
math.greater_equal GreaterEqual x=x1 y=x2
math.is_finite Isfinite x=x
math.is_inf Isinf x=x
math.is_nan Isnan x=x
math.l2_normalize tf.l2_normalize x=x axis=axis epsilon=epsilon
math.less Less x=x1 y=x2
math.less_equal LessEqual x=x1 y=x2
math.log Log x=x
math.log1p Log1p x=x
math.log_sigmoid LogSigmoid x=x
math.logical_and LogicalAnd x=x1 y=x2
math.logical_not LogicalNot x=x
math.logical_or LogicalOr x=x1 y=x2
math.logical_xor LogicalXor x=x1 y=x2
math.maximum Maximum x=x1 y=x2
math.minimum Minimum x=x1 y=x2
math.multiply Multiply x=x1 y=x2
math.multiply_no_nan tf.multiply_no_nan x=x1 y=x2
math.negative Negative x=x
math.not_equal NotEqual x=x1 y=x2
math.pow Power x=x1 y=x2
math.real Real input=x
math.reciprocal Reciprocal x=x
math.reduce_all All input_tensor=x axis=axis keepdims=keepdims
math.reduce_any Any input_tensor=x axis=axis keepdims=keepdims
math.reduce_euclidean_norm Norm input_tensor=x axis=axis keepdims=keepdims
math.reduce_logsumexp Logsumexp input_tensor=x axis=axis keepdims=keepdims
math.reduce_max Max input_tensor=x axis=axis keepdims=keepdims
math.reduce_mean tf.reduce_mean input_tensor=x axis=axis keepdims=keepdims
math.reduce_min Min input_tensor=x axis=axis keepdims=keepdims
math.reduce_prod tf.reduce_prod input_tensor=x axis=axis keepdims=keepdims
math.reduce_std Std input_tensor=x axis=axis keepdims=keepdims
math.reduce_sum tf.reduce_sum input_tensor=x axis=axis keepdims=keepdims
math.reduce_variance Var input_tensor=x axis=axis keepdims=keepdims
math.rint Round x=x
math.round Round x=x
math.rsqrt Rsqrt x=x
math.scalar_mul Multiply scalar=x1 x=x2
math.sigmoid Sigmoid x=x
math.sign Sign x=x
math.sin Sin x=x
math.sinh Sinh x=x
math.softmax Softmax logits=x axis=axis
math.softplus Softplus features=x
math.softsign Softsign features=x
math.sqrt Sqrt x=x
math.square Square x=x
math.squared_difference tf.squared_difference x=x1 y=x2
math.subtract Subtract x=x1 y=x2
math.tan Tan x=x
math.tanh Tanh x=x
math.top_k TopK input=x k=k sorted=sorted
math.truediv TrueDivide x=x1 y=x2
math.xdivy tf.xdivy x=x1 y=x2
math.xlogy tf.xlogy x=x1 y=x2
math.zero_fraction tf.zero_fraction value=x
nn.avg_pool tf.avg_pool input=x ksize=ksize strides=strides padding=padding data_format=data_format
nn.avg_pool1d tf.avg_pool input=x ksize=ksize strides=strides padding=padding \
    data_format=data_format
nn.avg_pool2d tf.avg_pool input=x ksize=ksize strides=strides padding=padding \
    data_format=data_format
nn.avg_pool3d tf.avg_pool input=x ksize=ksize strides=strides padding=padding \
    data_format=data_format
nn.batch_normalization tf.batch_normalization x=x mean=mean variance=variance \
    offset=offset scale=scale \
variance_epsilon=epsilon
nn.bias_add tf.bias_add value=x bias=bias data_format=data_format
nn.conv1d tf.conv input=x filters=kernel stride=strides padding=padding \
    data_format=data_format dilations=dilations
nn.conv2d tf.conv input=x filters=kernel strides=strides padding=padding \
    data_format=data_format dilations=dilations
nn.conv3d tf.conv input=x filters=kernel strides=strides padding=padding \
    data_format=data_format dilations=dilations
nn.crelu tf.crelu features=x axis=axis
nn.depth_to_space tf.depth_to_space input=x block_size=block_size data_format=data_format
nn.depthwise_conv2d tf.depthwise_conv input=x filter=kernel strides=strides \
    padding=padding data_format=data_format \
dilations=dilations
nn.elu Elu features=x
nn.embedding_lookup tf.gather params=params ids=indices
nn.gelu tf.gelu features=x approximate=approximate
nn.l2_loss tf.l2_loss t=x
nn.leaky_relu LeakyRelu features=x alpha=negative_slope
nn.local_response_normalization tf.lrn input=x depth_radius=depth_radius bias=bias \
    alpha=alpha beta=beta
nn.log_softmax LogSoftmax logits=x axis=axis
nn.max_pool tf.max_pool input=x ksize=ksize strides=strides padding=padding data_format=data_format
nn.max_pool1d tf.max_pool input=x ksize=ksize strides=strides padding=padding \
    data_format=data_format
nn.max_pool2d tf.max_pool input=x ksize=ksize strides=strides padding=padding \
    data_format=data_format
nn.max_pool3d tf.max_pool input=x ksize=ksize strides=strides padding=padding \
    data_format=data_format
nn.moments tf.moments x=x axes=axes shift=shift keepdims=keepdims
nn.relu Relu features=x
nn.relu6 Relu6 features=x
nn.selu Selu features=x
nn.silu tf.silu features=x beta=beta
nn.space_to_depth tf.space_to_depth input=x block_size=block_size data_format=data_format
one_hot tf.one_hot indices=x depth=num_classes on_value=on_value off_value=off_value \
    axis=axis dtype=dtype
ones_like OnesLike input=x dtype=dtype
pad tf.pad tensor=x paddings=pad_width mode=mode constant_values=constant_values
rank tf.rank input=x
realdiv TrueDivide x=x1 y=x2
repeat Repeat input=x repeats=repeats axis=axis
reshape Reshape tensor=x shape=newshape
reverse Flip tensor=x axis=axis
roll Roll input=x shift=shift axis=axis
sequence_mask tf.sequence_mask lengths=lengths maxlen=maxlen dtype=dtype
shape tf.shape input=x out_type=out_type
size tf.size input=x out_type=out_type
slice tf.slice input_=x begin=begin size=size slice_spec=slice_spec
sort tf.sort values=x axis=axis direction=direction
split tf.split value=x num_or_size_splits=num_or_size_splits axis=axis
squeeze tf.squeeze input=x axis=axis
stack Stack values=x axis=axis
stop_gradient StopGradient input=x
tensor_scatter_nd_add tf.scatter_add tensor=x indices=indices updates=updates
tensor_scatter_nd_update ScatterUpdate tensor=inputs indices=indices updates=updates
tile Tile input=x multiples=repeats
transpose Transpose a=x perm=axes
truncatemod Fmod x=x1 y=x2
unstack Unstack value=x num=num axis=axis
where Where condition=condition x=x1 y=x2
zeros_like ZerosLike input=x dtype=dtype
"""
"""Symbol, function, then TensorFlow's arguments in order."""

ALIASES = {
    "acos": "math.acos",
    "abs": "math.abs",
    "add": "math.add",
    "argmax": "math.argmax",
    "argmin": "math.argmin",
    "math.mod": "math.floormod",
    "matmul": "linalg.matmul",
    "maximum": "math.maximum",
    "minimum": "math.minimum",
    "multiply": "math.multiply",
    "nn.l2_normalize": "math.l2_normalize",
    "nn.lrn": "nn.local_response_normalization",
    "nn.sigmoid": "math.sigmoid",
    "nn.softmax": "math.softmax",
    "nn.softplus": "math.softplus",
    "nn.softsign": "math.softsign",
    "nn.swish": "nn.silu",
    "nn.tanh": "math.tanh",
    "nn.top_k": "math.top_k",
    "nn.zero_fraction": "math.zero_fraction",
    "norm": "linalg.norm",
    "pow": "math.pow",
    "subtract": "math.subtract",
    "tensordot": "linalg.tensordot",
}
"""Other names under which TensorFlow exports the same function; ``compat.v1.`` before a name
changes nothing.
"""

GRAPH_OPS = """
Abs Abs 0=x
Acos Arccos 0=x
Add Add 0=x1 1=x2
AddN tf.add_n *=inputs
AddV2 Add 0=x1 1=x2
All All 0=x 1=axis keep_dims=keepdims
Any Any 0=x 1=axis keep_dims=keepdims
ArgMax tf.argmax 0=x 1=axis output_type=output_type
ArgMin tf.argmin 0=x 1=axis output_type=output_type
Asin Arcsin 0=x
Atan Arctan 0=x
Atan2 Arctan2 0=x1 1=x2
AvgPool tf.avg_pool 0=x ksize=ksize strides=strides padding=padding data_format=data_format
BatchMatMul tf.matmul 0=a 1=b adj_x=transpose_a adj_y=transpose_b
BatchMatMulV2 tf.matmul 0=a 1=b adj_x=transpose_a adj_y=transpose_b
BatchMatMulV3 tf.matmul 0=a 1=b adj_x=transpose_a adj_y=transpose_b
BiasAdd tf.bias_add 0=x 1=bias data_format=data_format
BroadcastTo BroadcastTo 0=x 1=shape
Cast Cast 0=x DstT=dtype
Ceil Ceil 0=x
ClipByValue Clip 0=x 1=x_min 2=x_max
ConcatV2 tf.concat_v2 *=inputs
Conv2D tf.conv 0=x 1=kernel strides=strides padding=padding data_format=data_format \
    dilations=dilations
Cos Cos 0=x
Cosh Cosh 0=x
Cross Cross 0=x1 1=x2
Cumprod tf.cumprod 0=x 1=axis exclusive=exclusive reverse=reverse
Cumsum tf.cumsum 0=x 1=axis exclusive=exclusive reverse=reverse
DepthToSpace tf.depth_to_space 0=x block_size=block_size data_format=data_format
DepthwiseConv2dNative tf.depthwise_conv 0=x 1=kernel strides=strides padding=padding \
    data_format=data_format \
dilations=dilations
Div tf.divide 0=x1 1=x2
DivNoNan DivideNoNan 0=x1 1=x2
Elu Elu 0=x
EnsureShape tf.ensure_shape 0=x shape=shape
Equal Equal 0=x1 1=x2
Erf Erf 0=x
Erfc Erfc 0=x
Exp Exp 0=x
ExpandDims ExpandDims 0=x 1=axis
Expm1 Expm1 0=x
Floor Floor 0=x
FloorDiv FloorDivide 0=x1 1=x2
FloorMod Mod 0=x1 1=x2
GatherNd tf.gather_nd 0=params 1=indices
GatherV2 tf.gather 0=params 1=indices 2=axis batch_dims=batch_dims
Greater Greater 0=x1 1=x2
GreaterEqual GreaterEqual 0=x1 1=x2
Identity Copy 0=x
IsFinite Isfinite 0=x
IsInf Isinf 0=x
IsNan Isnan 0=x
L2Loss tf.l2_loss 0=x
LRN tf.lrn 0=x depth_radius=depth_radius bias=bias alpha=alpha beta=beta
LeakyRelu LeakyRelu 0=x alpha=negative_slope
Less Less 0=x1 1=x2
LessEqual LessEqual 0=x1 1=x2
Log Log 0=x
Log1p Log1p 0=x
LogSoftmax LogSoftmax 0=x
LogicalAnd LogicalAnd 0=x1 1=x2
LogicalNot LogicalNot 0=x
LogicalOr LogicalOr 0=x1 1=x2
MatMul tf.matmul 0=a 1=b transpose_a=transpose_a transpose_b=transpose_b
MatrixBandPart tf.band_part 0=x 1=lower 2=upper
MatrixDiagPart tf.diag_part 0=x
Max Max 0=x 1=axis keep_dims=keepdims
MaxPool tf.max_pool 0=x ksize=ksize strides=strides padding=padding data_format=data_format
Maximum Maximum 0=x1 1=x2
Mean tf.reduce_mean 0=x 1=axis keep_dims=keepdims
Min Min 0=x 1=axis keep_dims=keepdims
Minimum Minimum 0=x1 1=x2
MirrorPad tf.pad 0=x 1=pad_width mode=mode
Mod Fmod 0=x1 1=x2
Mul Multiply 0=x1 1=x2
MulNoNan tf.multiply_no_nan 0=x1 1=x2
Neg Negative 0=x
NotEqual NotEqual 0=x1 1=x2
OneHot tf.one_hot 0=x 1=num_classes 2=on_value 3=off_value axis=axis
OnesLike OnesLike 0=x
Pack Stack *=x axis=axis
Pad tf.pad 0=x 1=pad_width
PadV2 tf.pad 0=x 1=pad_width 2=constant_values
Pow Power 0=x1 1=x2
Prod tf.reduce_prod 0=x 1=axis keep_dims=keepdims
Rank tf.rank 0=x
RealDiv TrueDivide 0=x1 1=x2
Reciprocal Reciprocal 0=x
Relu Relu 0=x
Relu6 Relu6 0=x
Reshape Reshape 0=x 1=newshape
ResizeBilinear tf.resize_bilinear 0=images 1=size align_corners=align_corners \
    half_pixel_centers=half_pixel_centers
ResizeNearestNeighbor tf.resize_nearest 0=images 1=size align_corners=align_corners \
half_pixel_centers=half_pixel_centers
ReverseV2 Flip 0=x 1=axis
Rint Round 0=x
Roll Roll 0=x 1=shift 2=axis
Round Round 0=x
Rsqrt Rsqrt 0=x
Select tf.select 0=condition 1=x1 2=x2
SelectV2 Where 0=condition 1=x1 2=x2
Selu Selu 0=x
Shape tf.shape 0=x out_type=out_type
Sigmoid Sigmoid 0=x
Sign Sign 0=x
Sin Sin 0=x
Sinh Sinh 0=x
Size tf.size 0=x out_type=out_type
Slice tf.slice 0=x 1=begin 2=size
Softmax Softmax 0=x
Softplus Softplus 0=x
Softsign Softsign 0=x
SpaceToDepth tf.space_to_depth 0=x block_size=block_size data_format=data_format
Split tf.split_first 0=axis 1=x num_split=count
SplitV tf.split_sizes 0=x 1=sizes 2=axis
Sqrt Sqrt 0=x
Square Square 0=x
SquaredDifference tf.squared_difference 0=x1 1=x2
Squeeze tf.squeeze 0=x squeeze_dims=axis
StopGradient StopGradient 0=x
StridedSlice tf.strided_slice 0=x 1=begin 2=end 3=strides begin_mask=begin_mask end_mask=end_mask \
ellipsis_mask=ellipsis_mask new_axis_mask=new_axis_mask shrink_axis_mask=shrink_axis_mask
Sub Subtract 0=x1 1=x2
Sum tf.reduce_sum 0=x 1=axis keep_dims=keepdims
Tan Tan 0=x
Tanh Tanh 0=x
TensorScatterAdd tf.scatter_add 0=x 1=indices 2=updates
TensorScatterUpdate ScatterUpdate 0=inputs 1=indices 2=updates
Tile Tile 0=x 1=repeats
TopKV2 TopK 0=x 1=k sorted=sorted
Transpose Transpose 0=x 1=axes
Unpack Unstack 0=x num=num axis=axis
Xdivy tf.xdivy 0=x1 1=x2
Xlogy tf.xlogy 0=x1 1=x2
ZerosLike ZerosLike 0=x
"""
"""Op, function, then inputs by number (``*``: all of them as a list) and attributes by name."""
