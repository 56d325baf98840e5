/* The stacks that everybody knows, and those that show one thing. The directive's list of them is in book/_ext/explorer.py. */
((S6Receptive) => {
  "use strict";

  const vgg = [2, 2, 3, 3, 3].flatMap((depth, block) => [
    ...Array.from({ length: depth }, (_, k) => `conv${block + 1}_${k + 1}:conv3p1`), `pool${block + 1}:max2`,
  ]);
  const basic = (stride) => (stride > 1 ? "[conv3s2p1,bn,relu,conv3p1,bn|conv1s2,bn],relu" : "[conv3p1,bn,relu,conv3p1,bn|],relu");
  const resnet = ["conv7s2p3,bn,relu,max3s2p1", ...[1, 1, 2, 1, 2, 1, 2, 1].map(basic)];

  const PRESETS = {
    reference: { title: "The reference net", input: 28, stack: "conv3p1,conv3p1,conv3p1,pool3:max2,conv3,logits:conv1,gap", unit: "conv4:3,5" },
    single: { title: "A single 3 × 3", input: 28, stack: "conv3", unit: "conv1:9,12" },
    lenet: { title: "LeNet-5", input: 32, stack: "C1:conv5,S2:avg2,C3:conv5,S4:avg2,C5:conv5", unit: "C3:4,4" },
    alexnet: { title: "AlexNet", input: 224, stack: "conv11s4p2,max3s2,conv5p2,max3s2,conv3p1,conv3p1,conv3p1,max3s2", unit: "conv5:6,6" },
    vgg16: { title: "VGG-16", input: 224, stack: vgg.join(","), unit: "conv4_3:13,13" },
    residual: { title: "Two residual blocks", input: 28, stack: "conv3p1,[conv3p1,conv3p1|],[conv3p1,conv3p1|]", unit: "add2:13,13" },
    resnet18: { title: "ResNet-18", input: 224, stack: resnet.join(","), unit: "add4:14,14" },
    dilated: { title: "A dilated stack", input: 28, stack: "conv3p1,conv3p2d2,conv3p4d4,conv3p8d8", unit: "conv3:13,14" },
  };

  Object.assign(S6Receptive, { PRESETS });
})((window.S6Receptive ??= {}));
