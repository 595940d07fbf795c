package org.dl4py.jvm;
public final class Main { public static void main(String[] a) { System.out.println(org.nd4j.linalg.factory.Nd4j.ones(2).add(1)); } }
