"""Published models as .ode files, each with the same equations as plain Python."""

from __future__ import annotations

from math import cosh, exp, tanh

# name -> (text of the file, function of (state, parameters by name), number of states)
MODELS = {}


def published(name, text):
    def keep(field):
        MODELS[name] = (text, field)
        return field

    return keep


def sigmoid(u):
    return 1 / (1 + exp(-u))


@published("morris_lecar_1981", """
# Morris & Lecar 1981; parameters of Rinzel & Ermentrout 1998
params v1=-1.2,v2=18,v3=2,v4=30,phi=.04
par gca=4.4,gk=8,gl=2 vca=120 vk=-84, vl=-60, c=20
p I=100
minf(v)=.5*(1+tanh((v-v1)/v2))
winf(v)=.5*(1+tanh((v-v3)/v4))
tauw(v)=1/cosh((v-v3)/(2*v4))
ica=gca*minf(v)*(v-vca)
dv/dt=(i-ica-gk*w*(v-vk)-gl*(v-vl))/c
dw/dt=phi*(winf(v)-w)/tauw(v)
init v=-60,w=.015
aux ICa=ica
@ total=150,dt=.25,xlo=-75,xhi=45,ylo=-.25,yhi=.5
done
""")  # fmt: skip
def morris_lecar(x, p):
    v, w = x
    m = 0.5 * (1 + tanh((v - p["v1"]) / p["v2"]))
    current = p["I"] - p["gca"] * m * (v - p["vca"]) - p["gk"] * w * (v - p["vk"])
    target = 0.5 * (1 + tanh((v - p["v3"]) / p["v4"]))
    return [
        (current - p["gl"] * (v - p["vl"])) / p["c"],
        p["phi"] * (target - w) * cosh((v - p["v3"]) / (2 * p["v4"])),
    ]


@published("fitzhugh_1961", """
# FitzHugh 1961 in Nagumo's form
par a=.7, b=.8, c=12.5
par I=0.5
v'=v-v^3/3-w+I
w'=(v+a-b*w)/c
v(0)=-1
w(0)=-.5
done
""")  # fmt: skip
def fitzhugh(x, p):
    v, w = x
    return [v - v**3 / 3 - w + p["I"], (v + p["a"] - p["b"] * w) / p["c"]]


@published("hodgkin_huxley_1952", """
# Hodgkin & Huxley 1952, modern sign of the voltage
init v=-65  m=.05  h=.6  n=.317
par i0=10
par vna=50  vk=-77  vl=-54.4  gna=120  gk=36  gl=0.3  c=1  phi=1
am(v)=phi*.1*(v+40)/(1-exp(-(v+40)/10))
bm(v)=phi*4*exp(-(v+65)/18)
ah(v)=phi*.07*exp(-(v+65)/20)
bh(v)=phi*1/(1+exp(-(v+35)/10))
an(v)=phi*.01*(v+55)/(1-exp(-(v+55)/10))
bn(v)=phi*.125*exp(-(v+65)/80)
v'=(I0 - gna*h*(v-vna)*m^3-gk*(v-vk)*n^4-gl*(v-vl))/c
m'=am(v)*(1-m)-bm(v)*m
h'=ah(v)*(1-h)-bh(v)*h
n'=an(v)*(1-n)-bn(v)*n
done
""")  # fmt: skip
def hodgkin_huxley(x, p):
    v, m, h, n = x
    sodium = p["gna"] * m**3 * h * (v - p["vna"])
    return [
        (p["i0"] - sodium - p["gk"] * n**4 * (v - p["vk"]) - p["gl"] * (v - p["vl"])) / p["c"],
        0.1 * (v + 40) / (1 - exp(-(v + 40) / 10)) * (1 - m) - 4 * exp(-(v + 65) / 18) * m,
        0.07 * exp(-(v + 65) / 20) * (1 - h) - h / (1 + exp(-(v + 35) / 10)),
        0.01 * (v + 55) / (1 - exp(-(v + 55) / 10)) * (1 - n) - 0.125 * exp(-(v + 65) / 80) * n,
    ]


@published("wilson_cowan_1972", """
# Wilson & Cowan 1972, with refractory periods
f(u,a,th)=1/(1+exp(-a*(u-th)))-1/(1+exp(a*th))
number re=1,ri=1
par c1=16 c2=12,c3=15,c4=3 ae=1.3 the=4 ai=2 thi=3.7
par p=1.25 q=0, taue=10
!ke=1-1/(1+exp(ae*the))
e'=(-e+(ke-re*e)*f(c1*e-c2*i+p,ae,the))/taue
i'=(-i+(1-ri*i)*f(c3*e-c4*i+q,ai,thi))/10
init e=.1,i=.05
done
""")  # fmt: skip
def wilson_cowan(x, p):
    e, i = x

    def f(u, a, th):
        return sigmoid(a * (u - th)) - sigmoid(-a * th)

    k = 1 - sigmoid(-p["ae"] * p["the"])
    excited = f(p["c1"] * e - p["c2"] * i + p["p"], p["ae"], p["the"])
    inhibited = f(p["c3"] * e - p["c4"] * i + p["q"], p["ai"], p["thi"])
    return [(-e + (k - e) * excited) / p["taue"], (-i + (1 - i) * inhibited) / 10]


@published("hindmarsh_rose_1984", """
par a=1 b=3 c=1 d=5 s=4 xr=-1.6 r=.006 i=3.25
x' = y - a*x^3 + b*x**2 - z + i
y' = c - d*x^2 - y
z' = r*(s*(x-xr) - z)
done
""")  # fmt: skip
def hindmarsh_rose(u, p):
    x, y, z = u
    return [
        y - p["a"] * x**3 + p["b"] * x**2 - z + p["i"],
        p["c"] - p["d"] * x**2 - y,
        p["r"] * (p["s"] * (x - p["xr"]) - z),
    ]


@published("persistent_sodium_2007", """
# Izhikevich 2007, Dynamical Systems in Neuroscience, eq. 4.1, 4.2
x_inf(V,Vh,k)=1/(1+exp((Vh-V)/k))
par Iapp=5, C=1, gL=8, EL=-80, gNa=20, ENa=60, gK=10, EK=-90
par mh=-20, mk=15, nh=-25, nk=5, tau=1
V' = (Iapp - gL*(V-EL) - gNa*x_inf(V,mh,mk)*(V-ENa) \\
   - gK*n*(V-EK))/C
n' = (x_inf(V,nh,nk)-n)/tau
init V=-65
done
""")  # fmt: skip
def persistent_sodium(x, p):
    v, n = x
    m = sigmoid((v - p["mh"]) / p["mk"])
    current = p["gL"] * (v - p["EL"]) + p["gNa"] * m * (v - p["ENa"]) + p["gK"] * n * (v - p["EK"])
    return [(p["Iapp"] - current) / p["C"], (sigmoid((v - p["nh"]) / p["nk"]) - n) / p["tau"]]


@published("wang_buzsaki_1996", """
# Wang & Buzsaki 1996, J Neurosci 16:6402
par iapp=0.75 phi=5
num gna=35 gk=9 gl=.1 ena=55 ek=-90 el=-65
am(v)=-.1*(v+35)/(exp(-.1*(v+35))-1)
bm(v)=4*exp(-(v+60)/18)
minf(v)=am(v)/(am(v)+bm(v))
ah(v)=.07*exp(-(v+58)/20)
bh(v)=1/(exp(-.1*(v+28))+1)
an(v)=-.01*(v+34)/(exp(-.1*(v+34))-1)
bn(v)=.125*exp(-(v+44)/80)
v'=-gl*(v-el)-gna*minf(v)^3*h*(v-ena)-gk*n^4*(v-ek)+iapp
h'=phi*(ah(v)*(1-h)-bh(v)*h)
n'=phi*(an(v)*(1-n)-bn(v)*n)
init v=-64,h=.78,n=.09
done
""")  # fmt: skip
def wang_buzsaki(x, p):
    v, h, n = x
    am = -0.1 * (v + 35) / (exp(-0.1 * (v + 35)) - 1)
    m = am / (am + 4 * exp(-(v + 60) / 18))
    an = -0.01 * (v + 34) / (exp(-0.1 * (v + 34)) - 1)
    ionic = 0.1 * (v + 65) + 35 * m**3 * h * (v - 55) + 9 * n**4 * (v + 90)
    return [
        p["iapp"] - ionic,
        p["phi"] * (0.07 * exp(-(v + 58) / 20) * (1 - h) - h / (exp(-0.1 * (v + 28)) + 1)),
        p["phi"] * (an * (1 - n) - 0.125 * exp(-(v + 44) / 80) * n),
    ]


@published("lorenz_1963", """
# Lorenz 1963
init x=-7.5  y=-3.6  z=30
par r=27  s=10  b=2.66666
x'=s*(-x+y)
y'=r*x-y-x*z
z'=-b*z+x*y
@ bounds=100000
@ xlo=-30,yhi=30
done
this line comes after the end
""")  # fmt: skip
def lorenz(u, p):
    x, y, z = u
    return [p["s"] * (y - x), p["r"] * x - y - x * z, x * y - p["b"] * z]


@published("repressilator_2000", """
# Elowitz & Leibler 2000, Nature 403:335
par alpha=216, alpha0=.216, n=2, beta=5
hill(q)=alpha/(1+q^n)+alpha0
m1'=-m1+hill(p3)
m[2..3]'=-m[j]+hill(p[j-1])
p[1..3]'=-beta*(p[j]-m[j])
init m1=1, p2=2
done
""")  # fmt: skip
def repressilator(x, p):
    m, q = x[:3], x[3:]
    made = [p["alpha"] / (1 + q[k - 1] ** p["n"]) + p["alpha0"] for k in range(3)]
    return [a - b for a, b in zip(made, m, strict=True)] + [
        p["beta"] * (a - b) for a, b in zip(m, q, strict=True)
    ]


@published("goldbeter_1991", """
# Goldbeter 1991, PNAS 88:9107, minimal cascade of the mitotic oscillator
par vi=.025 vd=.25 kd=.02 k1=.01 vm1=3 k2=.005 v2=1.5 vm3=1 v4=.5 kc=.5
v1=vm1*c/(kc+c)
v3=vm3*m
dc/dt=vi-vd*x*c/(kd+c)-k1*c
dm/dt=v1*(1-m)/(k2+1-m)-v2*m/(k2+m)
dx/dt=v3*(1-x)/(k2+1-x)-v4*x/(k2+x)
i c=.01,m=.01,x=.01
done
""")  # fmt: skip
def goldbeter(u, p):
    c, m, x = u
    k, v1, v3 = p["k2"], p["vm1"] * c / (p["kc"] + c), p["vm3"] * m
    return [
        p["vi"] - p["vd"] * x * c / (p["kd"] + c) - p["k1"] * c,
        v1 * (1 - m) / (k + 1 - m) - p["v2"] * m / (k + m),
        v3 * (1 - x) / (k + 1 - x) - p["v4"] * x / (k + x),
    ]


@published("butera_1999", """
# Butera, Rinzel & Smith 1999, J Neurophysiol 81:382, model 1
par el=-65, gnap=2.8, gna=28, gk=11.2, gl=2.8, c=21
num ena=50, ek=-85
inf(v,th,sg)=1/(1+exp((v-th)/sg))
tau(v,th,sg,t0)=t0/cosh((v-th)/(2*sg))
inap=gnap*inf(v,-40,-6)*hp*(v-ena)
ina=gna*inf(v,-34,-5)^3*(1-n)*(v-ena)
v'=(-inap-ina-gk*n^4*(v-ek)-gl*(v-el))/c
n'=(inf(v,-29,-4)-n)/tau(v,-29,-4,10)
hp'=(inf(v,-48,6)-hp)/tau(v,-48,6,10000)
init v=-60,n=0,hp=.6
aux ip=inap
done
""")  # fmt: skip
def butera(x, p):
    v, n, h = x
    persistent = p["gnap"] * sigmoid((v + 40) / 6) * h * (v - 50)
    fast = p["gna"] * sigmoid((v + 34) / 5) ** 3 * (1 - n) * (v - 50)
    rest = p["gk"] * n**4 * (v + 85) + p["gl"] * (v - p["el"])
    return [
        -(persistent + fast + rest) / p["c"],
        (sigmoid((v + 29) / 4) - n) * cosh((v + 29) / 8) / 10,
        (sigmoid(-(v + 48) / 6) - h) * cosh((v + 48) / 12) / 10000,
    ]


@published("mackey_glass_1977", """
# Mackey & Glass 1977, Science 197:287; at rest x(t-tau) = x
par beta=.2,gamma=.1,n=10,tau=17
x'=beta*delay(x,tau)/(1+delay(x,tau)^n)-gamma*x
init x=1.2
@ delay=50
done
""")  # fmt: skip
def mackey_glass(x, p):
    return [p["beta"] * x[0] / (1 + x[0] ** p["n"]) - p["gamma"] * x[0]]


@published("lambda_omega_1973", """
# Kopell & Howard 1973; a Python keyword as a name, conditions
par lambda=1, q=.3 cut=4
r2=x^2+y^2
gain=if(r2<cut)then(lambda-r2)else(lambda-cut)
x'=x*gain-y*q*max(r2,.1)*heav(r2)
y'=y*gain+x*q*max(r2,.1)*heav(r2)
done
""")  # fmt: skip
def lambda_omega(u, p):
    x, y = u
    square = x * x + y * y
    gain = p["lambda_"] - min(square, p["cut"])
    turn = p["q"] * max(square, 0.1)
    return [x * gain - y * turn, y * gain + x * turn]
